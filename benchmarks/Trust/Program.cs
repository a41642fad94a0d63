using System.Globalization;
using OrleansIoT.Benchmarks.Trust;
using OrleansIoT.Benchmarks.Trust.Hops;
using OrleansIoT.Benchmarks.Trust.Processes;

// ./dev bench trust [options]: what it costs to know who calls. What the rows mean is in benchmarks/README.md.
CultureInfo.CurrentCulture = CultureInfo.InvariantCulture;
if (args is [Child.Argument, var role, var settings])
{
    await (role switch
    {
        Hop.Role => Hop.Run(settings),
        SecurityTokenService.Role => SecurityTokenService.Run(settings),
        _ => ProductHost.Run(settings),
    });
    return 0;
}

try
{
    if (args is ["--help" or "-h", ..])
    {
        Console.WriteLine(BenchmarkOptions.Usage);
        return 0;
    }

    await Report.Run(BenchmarkOptions.Parse(args));
    return 0;
}
catch (FormatException e)
{
    Console.Error.WriteLine($"{e.Message}\n\n{BenchmarkOptions.Usage}");
    return 2;
}
catch (BenchmarkException e)
{
    Console.Error.WriteLine(e.Message);
    return 1;
}
