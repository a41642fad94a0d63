using System.Globalization;
using System.Text;
using OrleansIoT.Benchmarks.Trust.Clients;
using OrleansIoT.Benchmarks.Trust.Hops;
using OrleansIoT.Benchmarks.Trust.Processes;
using OrleansIoT.Benchmarks.Trust.Tokens;
using OrleansIoT.Gateway;

namespace OrleansIoT.Benchmarks.Trust.Tables;

/// <summary>The whole product in a process: <c>GET /iot/{topic}/latest</c>, and what of its time the look at the token takes.</summary>
internal sealed class ProductTable(BenchmarkOptions options)
{
    private const string Off = "authentication off";
    private const string Remembered = "a remembered token";
    private const string First = "a token that was not seen before";

    private static readonly string Path = $"/iot/{LatestAnswer.Topic}/latest";

    /// <summary>So many that when their turn comes again, each has been forgotten.</summary>
    private static readonly int Tokens = (2 * new GatewayOptions().RememberedTokens) + 1;

    private readonly Dictionary<string, List<Measured>> _rows = new() { [Off] = [], [Remembered] = [], [First] = [] };

    public async Task Measure()
    {
        using var product = await Start("product", isOff: false);
        using var open = await Start("open", isOff: true);
        var tokens = await TokensOf(product, "product");
        var (token, other) = (tokens.OfLength(0), (await TokensOf(open, "open")).OfLength(0));
        await Refuses(product, TestTokens.AlmostRight(token));
        await Refuses(product, null);
        using var off = await Loop(open, [other]);
        using var remembered = await Loop(product, [token]);
        using var first = await Loop(product, tokens.Different(Tokens));
        (string Name, ClosedLoop Loop, Child Server)[] rows = [(Off, off, open), (Remembered, remembered, product), (First, first, product)];
        foreach (var row in rows)
        {
            await row.Loop.Run(options.Warmup);
        }

        for (var round = 1; round <= options.Rounds; round++)
        {
            foreach (var row in rows)
            {
                var measured = await Measured.Of(row.Loop, options.Duration, row.Server.Count);
                _rows[row.Name].Add(measured);
                Console.Error.WriteLine($"round {round}, {row.Name}: {measured.Rate:N0}/s, {measured.Processor:N0} µs");
            }
        }
    }

    public void Write(StringBuilder report)
    {
        report.AppendLine("""

            | what | requests/s | of authentication off | p50, ms | p99, ms | processor, µs | token checks |
            |---|---:|---:|---:|---:|---:|---:|
            """);
        foreach (var (name, rounds) in _rows)
        {
            report.AppendLine(CultureInfo.InvariantCulture, $"| {name} | {Of(m => m.Rate):N0} | {ToOff(name):F2} | {Of(m => m.P50):F2} | {Of(m => m.P99):F2} | {Of(m => m.Processor):N0} | {Measured.Mean(rounds, c => c.TokenChecks):0.#####} |");

            double Of(Func<Measured, double> value) => Measured.Median(rounds, value);
        }
    }

    public IEnumerable<Goal> Goals() =>
        [new Goal($"{Remembered} : {Off}", 0.8, ToOff(Remembered), ToOff(Remembered, m => m.Processor))];

    /// <returns>Those of a product that has stored the value and signs with the run's key.</returns>
    private async Task<TestTokens> TokensOf(Child server, string name)
    {
        await ProductClient.Publish(server.Ports.Mqtt);
        return new TestTokens(RunKeys.Signing(FolderOf(name)), await ProductClient.SignIn(server.Ports.Product));
    }

    private Task<Child> Start(string name, bool isOff) =>
        Child.Start(ProductHost.Role, new ProductHost.Settings(RunKeys.ProductIn(FolderOf(name)), isOff));

    private Task<ClosedLoop> Loop(Child server, IEnumerable<string> tokens) => ClosedLoop.To(
        server.Ports.Product, options.Connections, tokens.Select(token => HttpConnection.Get(Path, token)), LatestAnswer.Value);

    private string FolderOf(string name) => System.IO.Path.Combine(options.Data, name);

    private double ToOff(string name, Func<Measured, double>? value = null)
    {
        value ??= m => m.Rate;
        return Medians.Of(_rows[name].Zip(_rows[Off], (a, b) => value(a) / value(b)));
    }

    /// <summary>What is measured is a product that looks at tokens.</summary>
    private static async Task Refuses(Child server, string? token)
    {
        using var connection = await HttpConnection.To(server.Ports.Product);
        if (HttpConnection.StatusOf((await connection.Exchange(HttpConnection.Get(Path, token))).Span) != StatusCodes.Status401Unauthorized)
        {
            throw new BenchmarkException("the product does not refuse a wrong token, or none. Nothing was measured.");
        }
    }
}
