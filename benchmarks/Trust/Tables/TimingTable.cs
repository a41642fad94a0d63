using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Text;
using OrleansIoT.Benchmarks.Trust.Clients;
using OrleansIoT.Benchmarks.Trust.Hops;
using OrleansIoT.Benchmarks.Trust.Processes;
using OrleansIoT.Benchmarks.Trust.Tokens;

namespace OrleansIoT.Benchmarks.Trust.Tables;

/// <summary>
/// What the time of a refusal gives away: two kinds of refusals by turns over one connection each, as somebody sees them who is as
/// near as can be. Which kind comes first changes from pair to pair.
/// </summary>
internal sealed class TimingTable(BenchmarkOptions options)
{
    private const int SignaturesForASample = 20;

    /// <summary>Wrong passwords that a user may have without anybody having to wait.</summary>
    private const int GuessesForAUser = 4;

    private const string Password = "right for this benchmark";

    private readonly List<Pair> _pairs = [];

    public async Task Measure()
    {
        var folder = Path.Combine(options.Data, "timing");
        using var server = await Child.Start(ProductHost.Role, new ProductHost.Settings(RunKeys.ProductIn(folder)));
        var port = server.Ports.Product;
        var token = new TestTokens(RunKeys.Signing(folder), await ProductClient.SignIn(port)).OfLength(0);
        await CompareSignIns(port);
        using var connection = await HttpConnection.To(port);
        var path = $"/iot/{LatestAnswer.Topic}/latest";
        _pairs.Add(await Compare(
            _ => connection,
            "a token with a wrong signature",
            options.Samples * SignaturesForASample,
            ("its last byte is wrong", _ => HttpConnection.Get(path, TestTokens.AlmostRight(token))),
            ("all of it is wrong", _ => HttpConnection.Get(path, TestTokens.WhollyWrong(token)))));
    }

    /// <summary>Each user, and a stranger, from an address of their own, as an address with many failures has to wait.</summary>
    private async Task CompareSignIns(int port)
    {
        var connections = new List<HttpConnection>();
        for (var i = 0; i <= options.Samples / GuessesForAUser; i++)
        {
            connections.Add(await HttpConnection.To(port, new IPAddress([127, 1, (byte)(i / 250), (byte)((i % 250) + 1)])));
            await Register(connections[i], $"known{i}@example.org");
        }

        _pairs.Add(await Compare(
            i => connections[i / GuessesForAUser],
            "sign-in with a wrong password",
            options.Samples,
            ("the user exists", i => SignIn($"known{i / GuessesForAUser}@example.org")),
            ("there is no such user", i => SignIn($"other{i / GuessesForAUser}@example.org"))));
        connections.ForEach(connection => connection.Dispose());
    }

    public void Write(StringBuilder report)
    {
        report.AppendLine("""

            | what | which | samples | p5, ms | p50, ms | p95, ms | p99, ms | a guess from two times is right | a coin, up to |
            |---|---|---:|---:|---:|---:|---:|---:|---:|
            """);
        foreach (var pair in _pairs)
        {
            foreach (var (name, times) in pair.Kinds)
            {
                report.AppendLine(CultureInfo.InvariantCulture, $"| {pair.Title} | {name} | {times.Length:N0} | {At(5):F3} | {At(50):F3} | {At(95):F3} | {At(99):F3} | {pair.Guess * 100:F1} % | {pair.Coin * 100:F1} % |");

                double At(double percent) => Medians.Percentile(times, percent);
            }
        }
    }

    /// <summary>Which share of the answers was there after so long; the slowest hundredth is left out.</summary>
    public IEnumerable<Panel> Panels() => _pairs.Select(pair => new Panel(
        $"{pair.Title}: answered, %",
        IsLogarithmic: false,
        "ms",
        [
            .. pair.Kinds.Select(kind => new Line(
                kind.Name, [.. Enumerable.Range(0, 100).Select(percent => (Medians.Percentile(kind.Times, percent), (double)percent))])),
        ]));

    private static async Task Register(HttpConnection connection, string email)
    {
        var answer = await connection.Exchange(HttpConnection.Post(
            "/auth/register", $$"""{"email":"{{email}}","username":"Somebody","password":"{{Password}}"}"""));
        if (HttpConnection.StatusOf(answer.Span) != StatusCodes.Status201Created)
        {
            throw new BenchmarkException($"{email} cannot be registered: {Encoding.UTF8.GetString(answer.Span)}");
        }
    }

    private static byte[] SignIn(string email) =>
        HttpConnection.Post("/auth/login", $$"""{"email":"{{email}}","password":"wrong, but long enough"}""");

    private static async Task<Pair> Compare(
        Func<int, HttpConnection> connectionOf, string title, int samples, params (string Name, Func<int, byte[]> Request)[] kinds)
    {
        var times = kinds.Select(_ => new double[samples]).ToArray();
        for (var i = 0; i < samples; i++)
        {
            for (var turn = 0; turn < kinds.Length; turn++)
            {
                var kind = (turn + i) % kinds.Length;
                var request = kinds[kind].Request(i);
                var connection = connectionOf(i);
                var start = Stopwatch.GetTimestamp();
                var answer = await connection.Exchange(request);
                times[kind][i] = Stopwatch.GetElapsedTime(start).TotalMilliseconds;
                if (HttpConnection.StatusOf(answer.Span) != StatusCodes.Status401Unauthorized)
                {
                    throw new BenchmarkException($"{title}, {kinds[kind].Name}: {Encoding.UTF8.GetString(answer.Span[..Math.Min(answer.Length, 500)])}");
                }
            }
        }

        Console.Error.WriteLine($"{title}: {samples} pairs");
        Array.ForEach(times, Array.Sort);
        return new Pair(title, [.. kinds.Select((kind, i) => (kind.Name, times[i]))]);
    }

    /// <param name="Title">What is refused.</param>
    /// <param name="Kinds">Two, with their times in milliseconds, ascending.</param>
    private sealed record Pair(string Title, (string Name, double[] Times)[] Kinds)
    {
        /// <summary>What <see cref="Guess"/> is below in 19 of 20 runs when both kinds are alike (Mann and Whitney's variance).</summary>
        public double Coin => 0.5 + (1.96 * Math.Sqrt((Kinds[0].Times.Length + Kinds[1].Times.Length + 1) / (12.0 * Kinds[0].Times.Length * Kinds[1].Times.Length)));

        /// <summary>
        /// How often somebody is right who takes the slower of two answers for the kind that is the slower one more often
        /// (the area under the ROC curve): half of the time tells nothing.
        /// </summary>
        public double Guess
        {
            get
            {
                var (a, b) = (Kinds[0].Times, Kinds[1].Times);
                var less = 0.0;
                var (below, upTo) = (0, 0);
                foreach (var time in b)
                {
                    for (; below < a.Length && a[below] < time; below++)
                    {
                    }

                    for (upTo = Math.Max(upTo, below); upTo < a.Length && a[upTo] <= time; upTo++)
                    {
                    }

                    less += below + ((upTo - below) / 2.0);
                }

                var share = less / a.Length / b.Length;
                return Math.Max(share, 1 - share);
            }
        }
    }
}
