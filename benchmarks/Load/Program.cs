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

    List<ServerKind> servers = [];
    if (options.Only != "mosquitto")
    {
        servers.Add(new OurServer(options));
    }

    if (options.Only != "ours" && Mosquitto.IsInstalled)
    {
        servers.Add(new Mosquitto(options));
    }
    else if (options.Only != "ours")
    {
        Console.Error.WriteLine("mosquitto is not installed, so its columns are empty (Debian: mosquitto)");
    }

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
