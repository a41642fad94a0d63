namespace OrleansIoT.Load.Scenarios;

/// <summary>All scenarios, in the order of the table.</summary>
internal static class Catalogue
{
    private const int TlsConnections = 1_000;

    /// <summary>Fifty gateways with so many topics each are a hundred thousand.</summary>
    private const int TopicsOfGateway = 2_000;

    /// <exception cref="FormatException">A name that was asked for fits none.</exception>
    public static List<Scenario> Of(LoadOptions options)
    {
        List<Scenario> all =
        [
            new FanIn(0, 50, 0, 1, options),
            new FanIn(1, 50, 100, 1, options),
            new FanIn(1, 50, 100, TopicsOfGateway, options),
            new FanIn(2, 50, 100, 1, options),
            new FanIn(1, 1_000, 1, 1, options),
            new TurnTaking(options.Connections, 5_000, options),
            new OpenLoop(1_000, options.Rate, options),
            new FanOut(0, oneTopic: true, options.Subscribers, options),
            new FanOut(1, oneTopic: true, options.Subscribers, options),
            new FanOut(0, oneTopic: false, options.Subscribers, options),
            new FanOut(1, oneTopic: false, options.Subscribers, options),
            new Storm(options.Connections),
            new TlsStorm(TlsConnections),
            new IdleMemory(options.Connections, options),
        ];

        var unknown = options.Scenarios.FirstOrDefault(name => !all.Exists(scenario => Fits(scenario, name)));
        return unknown is null
            ? all.FindAll(scenario => options.Scenarios.Count == 0 || options.Scenarios.Any(name => Fits(scenario, name)))
            : throw new FormatException($"There is no scenario {unknown}.");
    }

    private static bool Fits(Scenario scenario, string name) => scenario.Name.StartsWith(name, StringComparison.Ordinal);
}
