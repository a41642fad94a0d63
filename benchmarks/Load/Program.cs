using OrleansIoT.Load;
using OrleansIoT.Load.Scenarios;
using OrleansIoT.Load.Servers;

try
{
    if (args is ["--help" or "-h", ..])
    {
        Console.WriteLine(LoadOptions.Usage);
        return 0;
    }

    var options = LoadOptions.Parse(args);
    var scenarios = Catalogue.Of(options);
    if (options.List)
    {
        scenarios.ForEach(scenario => Console.WriteLine($"{scenario.Name,-22} {scenario.Title}"));
        return 0;
    }

    var servers = Servers(options).ToList();
    var table = new ResultTable(options);
    foreach (var scenario in scenarios)
    {
        await table.Measure(scenario, servers);
    }

    table.Print();
    Directory.Delete(options.Data, recursive: true);
    return 0;
}
catch (FormatException e)
{
    Console.Error.WriteLine($"{e.Message}\n\n{LoadOptions.Usage}");
    return 2;
}
catch (LoadException e)
{
    Console.Error.WriteLine(e.Message);
    return 1;
}

static IEnumerable<ServerKind> Servers(LoadOptions options)
{
    foreach (var name in options.Only)
    {
        switch (name)
        {
            case "ours":
                yield return new OurServer(options);
                break;
            case "without-store":
                yield return new OurServer(options, hasStore: false);
                break;
            case "bare":
                yield return new BareServer(options);
                break;
            case var cluster when ClusterServer.SilosOf(cluster) is { } silos:
                yield return new ClusterServer(options, silos);
                break;
            case "mosquitto" when Mosquitto.IsInstalled:
                yield return new Mosquitto(options);
                break;
            default:
                Console.Error.WriteLine("mosquitto is not installed, so its rows are missing (Debian: mosquitto)");
                break;
        }
    }
}
