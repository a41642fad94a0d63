using System.Diagnostics;
using OrleansIoT.Load;

try
{
    var options = LoadOptions.Parse(args);
    var publishers = new List<Publisher>();
    foreach (var (id, key) in options.Credentials())
    {
        var publisher = new Publisher(options, id);
        publishers.Add(publisher);
        await publisher.Connect(key);
    }

    using var stop = new CancellationTokenSource();
    var running = Task.WhenAny(publishers.Select(publisher => Task.Run(() => publisher.Run(stop.Token)))).Unwrap();
    await WaitFor(options.Warmup);
    publishers.ForEach(publisher => publisher.Latencies.Clear());
    var clock = Stopwatch.StartNew();
    await WaitFor(options.Duration);

    var all = new Latencies();
    publishers.ForEach(publisher => all.Add(publisher.Latencies));
    var seconds = clock.Elapsed.TotalSeconds;
    await stop.CancelAsync();

    Console.WriteLine(
        $"{all.Count / seconds:F0} msg/s  p50 {all.Percentile(50).TotalMilliseconds:F2} ms  p99 {all.Percentile(99).TotalMilliseconds:F2} ms"
        + $"  ({all.Count} acknowledged, {publishers.Sum(publisher => publisher.Refused)} refused, {options.Connections} connections, {options.Window} in flight, {seconds:F1} s)");
    return 0;

    // The first publisher that ends has failed, and that ends the measurement.
    async Task WaitFor(TimeSpan time)
    {
        if (await Task.WhenAny(running, Task.Delay(time)) == running)
        {
            await running;
        }
    }
}
catch (FormatException e)
{
    Console.Error.WriteLine($"{e.Message}\n\n{LoadOptions.Usage}");
    return 2;
}
catch (Exception e) when (e is IOException or System.Net.Sockets.SocketException)
{
    Console.Error.WriteLine(e.Message);
    return 1;
}
