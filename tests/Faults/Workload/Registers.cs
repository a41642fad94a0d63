using System.Globalization;
using System.Text.Json;
using OrleansIoT.Faults.Recording;

namespace OrleansIoT.Faults.Workload;

/// <summary>Users whose names one writer changes to ever greater numbers, while others read them: values that must never go back.</summary>
internal sealed class Registers(Api api, Ledger ledger)
{
    private readonly List<string> _users = [];

    public async Task Create(int count, string run, CancellationToken cancellation)
    {
        for (var i = 0; i < count; i++)
        {
            var answer = await api.Demand(
                HttpMethod.Post, "/users", new { email = $"{run}-register-{i}@faults.example", username = "0", roles = new[] { "viewer" } }, cancellation);
            _users.Add(UserOf(answer).GetProperty("id").GetString()!);
        }
    }

    public Task Run(TimeSpan period, CancellationToken stopping) => Task.WhenAll(
        _users.Select(user => Write(user, period, stopping)).Concat(_users.Select(user => Read(user, period, stopping))));

    private async Task Write(string user, TimeSpan period, CancellationToken stopping)
    {
        for (var value = 1L; await Wait(period, stopping); value++)
        {
            // The next one only when this one is known to be written: so much is promised of one writer.
            while (!await Ask(user, new RegisterOperation(user, true, value) { Client = "writer" }) && await Wait(period, stopping))
            {
            }
        }
    }

    private async Task Read(string user, TimeSpan period, CancellationToken stopping)
    {
        while (await Wait(period, stopping))
        {
            await Ask(user, new RegisterOperation(user, false, 0) { Client = "reader" });
        }
    }

    private async Task<bool> Ask(string user, RegisterOperation operation)
    {
        var begun = ledger.Begin(operation);
        var (status, body) = await api.Ask(
            operation.IsWrite ? HttpMethod.Patch : HttpMethod.Get,
            $"/users/{user}",
            operation.IsWrite ? new { username = $"{operation.Value}" } : null);
        ledger.End<RegisterOperation>(
            begun,
            status == 200 ? Outcome.Ok : Outcome.Info,
            ended => status == 200 ? ended with { Value = ValueOf(body) } : ended);
        return status == 200;
    }

    private static long ValueOf(JsonElement body) =>
        long.Parse(UserOf(body).GetProperty("username").GetString()!, CultureInfo.InvariantCulture);

    private static JsonElement UserOf(JsonElement body) => body.GetProperty("data").GetProperty("users")[0];

    private static async Task<bool> Wait(TimeSpan period, CancellationToken stopping)
    {
        await Task.WhenAny(Task.Delay(period, stopping));
        return !stopping.IsCancellationRequested;
    }
}
