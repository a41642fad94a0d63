using System.Globalization;
using OrleansIoT.DeviceEdge.Mqtt;

namespace OrleansIoT.Load;

/// <summary>What to load, and how much.</summary>
internal sealed record LoadOptions
{
    public const string Usage = """
        Fan-in with QoS 1: every connection keeps a number of publishes in flight and counts what is acknowledged.

          --host HOST          default 127.0.0.1
          --port PORT          default 1883
          --connections N      default 50
          --window N           publishes in flight on each connection, default 100
          --topics N           topics of each connection, devices/{id}/load/{n}; default 1
          --payload BYTES      size of a payload, a JSON object with a running number; default 32
          --seconds N          how long to measure, default 10
          --warmup N           seconds before that, default 2
          --protocol 4|5       MQTT 3.1.1 or 5.0, default 4
          --key-file FILE      lines "id key", one for each connection
          --anonymous          no credentials; client ids are the prefix and a number
          --user-prefix TEXT   default load-
        """;

    public string Host { get; init; } = "127.0.0.1";
    public int Port { get; init; } = 1883;
    public int Connections { get; init; } = 50;
    public int Window { get; init; } = 100;
    public int Topics { get; init; } = 1;
    public int Payload { get; init; } = 32;
    public TimeSpan Duration { get; init; } = TimeSpan.FromSeconds(10);
    public TimeSpan Warmup { get; init; } = TimeSpan.FromSeconds(2);
    public MqttVersion Version { get; init; } = MqttVersion.V311;
    public string? KeyFile { get; init; }
    public bool Anonymous { get; init; }
    public string UserPrefix { get; init; } = "load-";

    /// <exception cref="FormatException">An option is unknown, or its value is none.</exception>
    public static LoadOptions Parse(string[] args)
    {
        var options = new LoadOptions();
        for (var i = 0; i < args.Length; i++)
        {
            options = args[i] == "--anonymous"
                ? options with { Anonymous = true }
                : options.With(args[i], ++i < args.Length ? args[i] : throw new FormatException($"{args[i - 1]} wants a value."));
        }

        return options switch
        {
            { Anonymous: false, KeyFile: null } => throw new FormatException("Either --key-file or --anonymous."),
            { Connections: < 1 } or { Window: < 1 or > 65_535 } or { Topics: < 1 } or { Payload: < Publisher.MinPayload } =>
                throw new FormatException($"There is at least one of everything, and {Publisher.MinPayload} bytes of payload."),
            _ => options,
        };
    }

    /// <summary>An id and, unless anonymous, a key for each connection.</summary>
    public IReadOnlyList<(string Id, string? Key)> Credentials()
    {
        if (KeyFile is null)
        {
            return [.. Enumerable.Range(0, Connections).Select(i => ($"{UserPrefix}{i}", (string?)null))];
        }

        var lines = File.ReadLines(KeyFile).Select(line => line.Split(' ', 2)).Where(line => line.Length == 2).Take(Connections)
            .Select(line => (line[0], (string?)line[1].Trim())).ToList();
        return lines.Count == Connections
            ? lines
            : throw new FormatException($"{KeyFile} has {lines.Count} keys for {Connections} connections.");
    }

    private LoadOptions With(string name, string value) => name switch
    {
        "--host" => this with { Host = value },
        "--port" => this with { Port = Number(value) },
        "--connections" => this with { Connections = Number(value) },
        "--window" => this with { Window = Number(value) },
        "--topics" => this with { Topics = Number(value) },
        "--payload" => this with { Payload = Number(value) },
        "--seconds" => this with { Duration = TimeSpan.FromSeconds(Number(value)) },
        "--warmup" => this with { Warmup = TimeSpan.FromSeconds(Number(value)) },
        "--protocol" => this with { Version = value == "5" ? MqttVersion.V500 : MqttVersion.V311 },
        "--key-file" => this with { KeyFile = value },
        "--user-prefix" => this with { UserPrefix = value },
        _ => throw new FormatException($"There is no option {name}."),
    };

    private static int Number(string value) => int.Parse(value, NumberStyles.None, CultureInfo.InvariantCulture);
}
