using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.DependencyInjection;
using OrleansIoT.History;

namespace OrleansIoT.Grains.Tests.Topics;

/// <summary>What topics hold in memory. The process is measured, so nothing else runs in it meanwhile.</summary>
[Collection(nameof(TopicMemoryTests))]
[CollectionDefinition(nameof(TopicMemoryTests), DisableParallelization = true)]
public sealed class TopicMemoryTests : GrainTest
{
    /// <summary>A log so short that what memory holds of it does not hide what grains hold.</summary>
    protected override void Configure(WebApplicationBuilder builder) =>
        builder.Services.Configure<HistoryOptions>(history => history.LogBytes = 1 << 20);

    [Fact]
    public async Task Large_readings_of_many_topics_are_not_held_in_memory_and_are_the_latest_all_the_same()
    {
        const int batches = 40, topics = 25, size = 60_000;
        await Register("meter");
        var before = GC.GetTotalMemory(forceFullCollection: true);
        for (var batch = 0; batch < batches; batch++)
        {
            var large = Enumerable.Range(0, topics).Select(topic =>
                Timed("meter", 1, new string('x', size), $"devices/meter/{batch}/{topic}"));
            Assert.Empty((await Publish("meter", [.. large])).Failures);
        }

        Assert.InRange(GC.GetTotalMemory(forceFullCollection: true) - before, long.MinValue, batches * topics * size / 4);
        Assert.Equal(size, (await Latest("devices/meter/0/0"))!.Payload.Length);
        await Publish("meter", Timed("meter", 0, "late", "devices/meter/0/0"));
        Assert.Equal(size, (await Latest("devices/meter/0/0"))!.Payload.Length);
    }
}
