using System.Globalization;
using System.Text;
using OrleansIoT.Benchmarks.Trust.Clients;
using OrleansIoT.Benchmarks.Trust.Hops;
using OrleansIoT.Benchmarks.Trust.Processes;
using OrleansIoT.Benchmarks.Trust.Schemes;
using OrleansIoT.Gateway.Identity;

namespace OrleansIoT.Benchmarks.Trust.Tables;

/// <summary>What of a cell tells it from the others.</summary>
internal sealed record Cell(string Scheme, int Hops, double Kilobytes);

/// <summary>The same request under every scheme, in every round one scheme after the other, so that noise hits all alike.</summary>
internal sealed class SchemeTable(BenchmarkOptions options)
{
    /// <summary>Not counted, at the beginning of each round of a cell: connections are opened, tokens remembered.</summary>
    private static readonly TimeSpan Settle = TimeSpan.FromMilliseconds(200);

    private readonly Dictionary<Cell, List<Measured>> _cells = [];
    private readonly Dictionary<double, int> _lengths = [];

    public async Task Measure(Chain chain)
    {
        var tokens = options.TokenKilobytes.ToDictionary(size => size, size => chain.Tokens.OfLength((int)(size * 1000)));
        foreach (var (size, token) in tokens)
        {
            _lengths[size] = token.Length;
        }

        foreach (var cell in Cells(round: 0))
        {
            await Round(chain, cell, tokens[cell.Kilobytes], options.Warmup, isMeasured: false);
        }

        for (var round = 1; round <= options.Rounds; round++)
        {
            foreach (var cell in Cells(round))
            {
                await Round(chain, cell, tokens[cell.Kilobytes], options.Duration, isMeasured: true);
                var measured = _cells[cell][^1];
                Console.Error.WriteLine(
                    $"round {round}, {cell.Scheme}, {cell.Hops} hops, {cell.Kilobytes} kB: {measured.Rate:N0}/s, {measured.P50:F2} ms, {measured.Processor:N0} µs");
            }
        }
    }

    public void Write(StringBuilder report)
    {
        foreach (var size in options.TokenKilobytes)
        {
            report.AppendLine(CultureInfo.InvariantCulture, $"""

                ### A token of {size} kB ({_lengths[size]:N0} characters)

                | hops | scheme | requests/s | of none | p50, ms | p99, ms | processor, µs | bytes | token checks | tokens made | envelope checks |
                |---:|---|---:|---:|---:|---:|---:|---:|---:|---:|---:|
                """);
            foreach (var hops in options.Hops)
            {
                foreach (var scheme in options.Schemes)
                {
                    report.AppendLine(Row(new Cell(scheme, hops, size)));
                }
            }
        }
    }

    /// <summary>What was to be reached, as the median of the rounds' ratios: both of a ratio were measured within seconds.</summary>
    public IEnumerable<Goal> Goals()
    {
        foreach (var size in options.TokenKilobytes)
        {
            foreach (var hops in options.Hops)
            {
                if (Ratio(Catalogue.Hmac, Catalogue.Network, hops, size) is { } hmac)
                {
                    var processor = Ratio(Catalogue.Hmac, Catalogue.Network, hops, size, m => m.Processor);
                    yield return new Goal($"hmac : network, {hops} hops, {size} kB", 0.95, hmac, processor!.Value);
                }
            }

            foreach (var ours in Catalogue.Ours)
            {
                if (Ratio(ours, Catalogue.JwtEach, 3, size) is { } factor)
                {
                    var processor = Ratio(ours, Catalogue.JwtEach, 3, size, m => m.Processor);
                    yield return new Goal($"{ours} : jwt each, 3 hops, {size} kB", 3, factor, processor!.Value);
                }
            }
        }
    }

    /// <summary>By the number of hops, for each token.</summary>
    public IEnumerable<Panel> Panels() => options.TokenKilobytes.SelectMany(size => new[]
    {
        PanelOf($"requests/s, a token of {size} kB", size, m => m.Rate),
        PanelOf($"processor time of a request, µs, a token of {size} kB", size, m => m.Processor),
    });

    private Panel PanelOf(string title, double size, Func<Measured, double> value) => new(
        title,
        IsLogarithmic: true,
        "hops",
        [
            .. options.Schemes.Where(scheme => _cells.ContainsKey(new Cell(scheme, options.Hops[0], size))).Select(scheme => new Line(
                scheme,
                [.. options.Hops.Select(hops => ((double)hops, Measured.Median(_cells[new Cell(scheme, hops, size)], value)))])),
        ]);

    /// <summary>Every second round the other way round, so that no scheme always comes behind the same one.</summary>
    private IEnumerable<Cell> Cells(int round) =>
        from size in options.TokenKilobytes
        from hops in options.Hops
        from scheme in round % 2 == 0 ? options.Schemes : options.Schemes.Reverse()
        where !IsRefused(scheme, _lengths[size])
        select new Cell(scheme, hops, size);

    /// <summary>The product takes no token of more than 8 KiB; that it does not is part of <see cref="SelfCheck"/>.</summary>
    public static bool IsRefused(string scheme, int length) => length > TokenForm.MaxLength && Catalogue.Ours.Contains(scheme);

    private async Task Round(Chain chain, Cell cell, string token, TimeSpan duration, bool isMeasured)
    {
        var request = HttpConnection.Get($"/{Scheme.PathOf(cell.Scheme)}/{cell.Hops}", token);
        using var loop = await ClosedLoop.To(chain.Gateway.Plain, options.Connections, [request], LatestAnswer.Value);
        await loop.Run(isMeasured ? Settle : duration);
        if (isMeasured)
        {
            var measured = await Measured.Of(loop, duration, chain.Count);
            (_cells.TryGetValue(cell, out var rounds) ? rounds : _cells[cell] = []).Add(measured);
        }
    }

    private string Row(Cell cell)
    {
        if (!_cells.TryGetValue(cell, out var rounds))
        {
            return $"| {cell.Hops} | {cell.Scheme} | refused: longer than 8 KiB | | | | | | | | |";
        }

        var floor = Ratio(cell.Scheme, Catalogue.None, cell.Hops, cell.Kilobytes);
        return string.Create(CultureInfo.InvariantCulture, $"| {cell.Hops} | {cell.Scheme} | {Of(m => m.Rate):N0} | {floor:F2} | {Of(m => m.P50):F2} | {Of(m => m.P99):F2} | {Of(m => m.Processor):N0} | {Of(m => m.Bytes):N0} | {Mean(c => c.TokenChecks):0.#####} | {Mean(c => c.TokensMade):0.#####} | {Mean(c => c.EnvelopeChecks):0.#####} |");

        double Of(Func<Measured, double> value) => Measured.Median(rounds, value);

        double Mean(Func<Counts, long> count) => Measured.Mean(rounds, count);
    }

    private double? Ratio(string scheme, string other, int hops, double size, Func<Measured, double>? value = null)
    {
        value ??= m => m.Rate;
        return _cells.TryGetValue(new Cell(scheme, hops, size), out var ours) && _cells.TryGetValue(new Cell(other, hops, size), out var theirs)
            ? Medians.Of(ours.Zip(theirs, (a, b) => value(a) / value(b)))
            : null;
    }
}
