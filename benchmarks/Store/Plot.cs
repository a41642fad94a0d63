using System.Globalization;
using System.Text;

namespace OrleansIoT.Benchmarks.Store;

/// <summary>Lines over one time, in one frame.</summary>
internal sealed record Panel(string Title, bool IsLogarithmic, params (string Name, Func<MixedSample, double> Of)[] Lines);

/// <summary>Panels below each other as an SVG, without a library.</summary>
internal static class Plot
{
    private const int Left = 80, Right = 20, Top = 40, Width = 900, Height = 150, Gap = 50;

    private static readonly string[] Colours = ["#0969da", "#bc4c00", "#8250df"];

    public static string Of(string title, IReadOnlyList<MixedSample> samples, params Panel[] panels)
    {
        var svg = new StringBuilder();
        var height = Top + panels.Length * (Height + Gap);
        svg.AppendLine(CultureInfo.InvariantCulture, $"""<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {Left + Width + Right} {height}" font-family="sans-serif" font-size="12">""");
        svg.AppendLine("""<rect width="100%" height="100%" fill="white"/>""");
        Text(Left, 18, title, "start");
        for (var i = 0; i < panels.Length; i++)
        {
            Draw(panels[i], Top + i * (Height + Gap));
        }

        return svg.AppendLine("</svg>").ToString();

        void Draw(Panel panel, double top)
        {
            var values = samples.SelectMany(sample => panel.Lines.Select(line => line.Of(sample))).Where(double.IsFinite).ToList();
            var greatest = Math.Max(values.Max(), 0.01);
            var least = panel.IsLogarithmic ? Math.Max(values.Where(value => value > 0).DefaultIfEmpty(0.01).Min(), 0.001) : 0;
            (least, greatest) = panel.IsLogarithmic
                ? (Math.Pow(10, Math.Floor(Math.Log10(least))), Math.Pow(10, Math.Ceiling(Math.Log10(greatest))))
                : (0, greatest * 1.1);
            Text(Left, top - 6, panel.Title, "start");
            svg.AppendLine(CultureInfo.InvariantCulture, $"""<rect x="{Left}" y="{top}" width="{Width}" height="{Height}" fill="none" stroke="#999"/>""");
            foreach (var tick in Ticks())
            {
                svg.AppendLine(CultureInfo.InvariantCulture, $"""<line x1="{Left}" x2="{Left + Width}" y1="{Y(tick):0.0}" y2="{Y(tick):0.0}" stroke="#ddd"/>""");
                Text(Left - 6, Y(tick) + 4, tick.ToString(tick < 10 ? "0.###" : "N0", CultureInfo.InvariantCulture), "end");
            }

            for (var i = 0; i < panel.Lines.Length; i++)
            {
                var (name, of) = panel.Lines[i];
                var points = string.Join(' ', samples.Select(sample => string.Create(
                    CultureInfo.InvariantCulture, $"{Left + Width * sample.Seconds / samples[^1].Seconds:0.0},{Y(of(sample)):0.0}")));
                svg.AppendLine(CultureInfo.InvariantCulture, $"""<polyline points="{points}" fill="none" stroke="{Colours[i]}" stroke-width="1.5"/>""");
                svg.AppendLine(CultureInfo.InvariantCulture, $"""<text x="{Left + 150 + i * 170}" y="{top - 6}" fill="{Colours[i]}">{name}</text>""");
            }

            Text(Left + Width, top + Height + 16, $"{samples[^1].Seconds:0} s", "end");

            double Y(double value) => top + Height * (1 - (panel.IsLogarithmic
                ? (Math.Log10(Math.Max(value, least)) - Math.Log10(least)) / (Math.Log10(greatest) - Math.Log10(least))
                : (value - least) / (greatest - least)));

            IEnumerable<double> Ticks()
            {
                if (!panel.IsLogarithmic)
                {
                    return [0, greatest / 2.2, greatest / 1.1];
                }

                return Enumerable.Range(0, 1 + (int)Math.Round(Math.Log10(greatest / least))).Select(power => least * Math.Pow(10, power));
            }
        }

        void Text(double x, double y, string text, string anchor) => svg.AppendLine(
            CultureInfo.InvariantCulture, $"""<text x="{x:0.0}" y="{y:0.0}" text-anchor="{anchor}">{text}</text>""");
    }
}
