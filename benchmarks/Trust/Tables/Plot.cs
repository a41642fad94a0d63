using System.Globalization;
using System.Text;

namespace OrleansIoT.Benchmarks.Trust.Tables;

/// <param name="Name">What it shows.</param>
/// <param name="Points">Ascending in X.</param>
internal sealed record Line(string Name, (double X, double Y)[] Points);

/// <summary>Lines in one frame.</summary>
internal sealed record Panel(string Title, bool IsLogarithmic, string Unit, Line[] Lines);

/// <summary>Panels below each other as an SVG, without a library; of the looks of the store's.</summary>
internal static class Plot
{
    private const int Left = 80, Width = 760, Right = 180, Top = 40, Height = 170, Gap = 60;

    private static readonly string[] Colours = ["#57606a", "#cf222e", "#bc4c00", "#9a6700", "#1a7f37", "#0969da", "#8250df", "#bf3989"];

    public static string Of(string title, params Panel[] panels)
    {
        var svg = new StringBuilder();
        var height = Top + (panels.Length * (Height + Gap));
        svg.AppendLine(CultureInfo.InvariantCulture, $"""<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {Left + Width + Right} {height}" font-family="sans-serif" font-size="12">""");
        svg.AppendLine("""<rect width="100%" height="100%" fill="white"/>""");
        Text(svg, Left, 18, title, "start");
        for (var i = 0; i < panels.Length; i++)
        {
            Draw(svg, panels[i], Top + (i * (Height + Gap)));
        }

        return svg.AppendLine("</svg>").ToString();
    }

    private static void Draw(StringBuilder svg, Panel panel, double top)
    {
        var points = panel.Lines.SelectMany(line => line.Points).ToList();
        var (left, right) = (points.Min(point => point.X), points.Max(point => point.X));
        right = right > left ? right : left + 1;
        var (least, greatest) = panel.IsLogarithmic
            ? (Math.Pow(10, Math.Floor(Math.Log10(points.Min(point => point.Y)))), Math.Pow(10, Math.Ceiling(Math.Log10(points.Max(point => point.Y)))))
            : (0, points.Max(point => point.Y));
        greatest = greatest > least ? greatest : least * 10;
        Text(svg, Left, top - 6, panel.Title, "start");
        svg.AppendLine(CultureInfo.InvariantCulture, $"""<rect x="{Left}" y="{top}" width="{Width}" height="{Height}" fill="none" stroke="#999"/>""");
        foreach (var tick in panel.IsLogarithmic ? Powers(least, greatest) : [0, greatest / 2, greatest])
        {
            svg.AppendLine(CultureInfo.InvariantCulture, $"""<line x1="{Left}" x2="{Left + Width}" y1="{Y(tick):0.0}" y2="{Y(tick):0.0}" stroke="#ddd"/>""");
            Text(svg, Left - 6, Y(tick) + 4, tick.ToString("#,0.##", CultureInfo.InvariantCulture), "end");
        }

        foreach (var tick in new[] { left, (left + right) / 2, right })
        {
            Text(svg, X(tick), top + Height + 16, string.Create(CultureInfo.InvariantCulture, $"{tick:0.###} {panel.Unit}"), "middle");
        }

        for (var i = 0; i < panel.Lines.Length; i++)
        {
            var (line, colour) = (panel.Lines[i], Colours[i % Colours.Length]);
            var path = string.Join(' ', line.Points.Select(point => string.Create(CultureInfo.InvariantCulture, $"{X(point.X):0.0},{Y(point.Y):0.0}")));
            svg.AppendLine(CultureInfo.InvariantCulture, $"""<polyline points="{path}" fill="none" stroke="{colour}" stroke-width="1.5"/>""");
            svg.AppendLine(CultureInfo.InvariantCulture, $"""<text x="{Left + Width + 12}" y="{top + 14 + (i * 18)}" fill="{colour}">{line.Name}</text>""");
        }

        double X(double value) => Left + (Width * (value - left) / (right - left));

        double Y(double value) => top + (Height * (1 - (panel.IsLogarithmic
            ? (Math.Log10(Math.Max(value, least)) - Math.Log10(least)) / (Math.Log10(greatest) - Math.Log10(least))
            : (value - least) / (greatest - least))));
    }

    private static IEnumerable<double> Powers(double least, double greatest) =>
        Enumerable.Range(0, 1 + (int)Math.Round(Math.Log10(greatest / least))).Select(power => least * Math.Pow(10, power));

    private static void Text(StringBuilder svg, double x, double y, string text, string anchor) => svg.AppendLine(
        CultureInfo.InvariantCulture, $"""<text x="{x:0.0}" y="{y:0.0}" text-anchor="{anchor}">{text}</text>""");
}
