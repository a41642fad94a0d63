using System.Collections.Concurrent;
using OrleansIoT.Faults.Recording;

namespace OrleansIoT.Faults.Workload;

/// <summary>The history of every topic that anybody published to, as the gateways give it.</summary>
internal static class ReadBack
{
    public static async Task<IReadOnlyList<Reading>> All(IReadOnlyDictionary<string, Api> tenants, Ledger ledger, CancellationToken cancellation)
    {
        var topics = ledger.Operations.OfType<Publication>()
            .Select(publication => (publication.Message.Tenant, publication.Message.Topic)).Distinct();
        var readings = new ConcurrentBag<Reading>();
        await Parallel.ForEachAsync(
            topics,
            new ParallelOptions { MaxDegreeOfParallelism = 4, CancellationToken = cancellation },
            async (topic, token) =>
            {
                // Nothing was stored there, as where publishing is refused.
                foreach (var json in await tenants[topic.Tenant].ReadAll(topic.Topic, token) ?? [])
                {
                    var payload = Payload.Read(json.GetProperty("value"));
                    readings.Add(new Reading(
                        topic.Tenant, topic.Topic, json.GetProperty("seq").GetInt64(), payload?.Message, payload?.IsIntact ?? false));
                }
            });
        return [.. readings];
    }
}
