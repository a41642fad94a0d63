using System.Diagnostics;
using System.Globalization;
using System.Reflection;
using OrleansIoT.Micro;
#if GRAIN_ENGINE_ORLEANS
using OrleansIoT.Micro.Hosts.Orleans;
#else
using OrleansIoT.Micro.Hosts.Embedded;
#endif

const int Callers = 128;
const int IdleActivations = 200_000;
var reading = new Reading(1, 20.5);
var rows = new List<string[]>();

await Neighbours();
await Calls("10,000 grains", 10_000, filter: false);
await Calls("10,000 grains, one incoming filter", 10_000, filter: true);
await Calls("100,000 grains", 100_000, filter: false);
await Activations();
await TimerLateness();
Print();
return;

async Task Neighbours()
{
    var plain = Enumerable.Range(0, 10_000).Select(Meter (_) => new PlainMeter()).ToArray();
    Add("neighbour: a virtual method, 10,000 objects", await Measurement.Calls(Callers, i => plain[i % plain.Length].Record(reading)));
    var channels = Enumerable.Range(0, 10_000).Select(Meter (_) => new ChannelMeter()).ToArray();
    Add("neighbour: a Channel actor, 10,000 of them", await Measurement.Calls(Callers, i => channels[i % channels.Length].Record(reading)));
}

async Task Calls(string name, int count, bool filter)
{
    await using var host = await GrainHost.Start(filter);
    var grains = Enumerable.Range(0, count).Select(i => host.Grains.GetGrain<IMeterGrain>($"meter-{i}")).ToArray();
    foreach (var grain in grains)
    {
        await grain.Record(reading);
    }

    Add($"calls, {name}", await Measurement.Calls(Callers, i => grains[i % count].Record(reading)));
    if (!filter && count == 10_000)
    {
        Add(
            $"calls with a new number as the result, {name}",
            await Measurement.Calls(Callers, i => grains[i % count].RecordAndCount(reading)));
    }
}

async Task Activations()
{
    var bytes = new List<double>();
    var perSecond = new List<double>();
    for (var round = 0; round < 3; round++)
    {
        await using var host = await GrainHost.Start();
        await host.Grains.GetGrain<IMeterGrain>("warm").Record(reading);
        var before = GC.GetTotalMemory(forceFullCollection: true);
        var watch = Stopwatch.StartNew();
        await Task.WhenAll(Enumerable.Range(0, Callers).Select(caller => Task.Run(async () =>
        {
            for (var i = caller; i < IdleActivations; i += Callers)
            {
                await host.Grains.GetGrain<IMeterGrain>($"meter-{i}").Record(reading);
            }
        })));
        perSecond.Add(IdleActivations / watch.Elapsed.TotalSeconds);
        bytes.Add((GC.GetTotalMemory(forceFullCollection: true) - before) / (double)IdleActivations);
    }

    rows.Add(["activations, by 128 callers", Number(Measurement.Median(perSecond)) + "/s", "", ""]);
    rows.Add(["an idle activation, of 200,000, with its key and two fields", "", "", Number(Measurement.Median(bytes)) + " B"]);
}

async Task TimerLateness()
{
    await using var host = await GrainHost.Start();
    var grains = Enumerable.Range(0, 10_000).Select(i => host.Grains.GetGrain<IMeterGrain>($"meter-{i}")).ToArray();
    var timed = host.Grains.GetGrain<ITimedGrain>("timed");
    await timed.Start(TimeSpan.FromMilliseconds(20));
    await Measurement.Calls(Callers, i => grains[i % grains.Length].Record(reading));
    rows.Add(["a timer of 20 ms beside 128 callers: the latest tick", Number(await timed.Stop()) + " ms late", "", ""]);
}

void Add(string name, Cost cost) =>
    rows.Add([name, Number(cost.PerSecond) + "/s", Number(cost.Nanoseconds) + " ns", Number(cost.Bytes) + " B"]);

static string Number(double value) => value.ToString("N0", CultureInfo.InvariantCulture);

void Print()
{
    var version = Assembly.GetExecutingAssembly().GetCustomAttribute<AssemblyInformationalVersionAttribute>()!.InformationalVersion;
    Console.WriteLine($"{GrainHost.Engine}, {version}, .NET {Environment.Version}, {Environment.ProcessorCount} cores");
    Console.WriteLine();
    Console.WriteLine("| what | how fast | processor time | bytes |");
    Console.WriteLine("|---|---|---|---|");
    foreach (var row in rows)
    {
        Console.WriteLine($"| {string.Join(" | ", row)} |");
    }
}
