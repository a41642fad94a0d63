using System.Globalization;
using System.Text;
using OrleansIoT.Faults.Checkers;
using OrleansIoT.Faults.Recording;

namespace OrleansIoT.Faults.Reports;

/// <summary>What came of a run, as a page.</summary>
internal static class Report
{
    private const int Shown = 20;

    public static string Of(Evidence evidence, IReadOnlyList<(Checker Checker, IReadOnlyList<string> Broken)> findings, string about)
    {
        var page = new StringBuilder();
        page.AppendLine("# Faults").AppendLine().AppendLine(about).AppendLine();
        AddTotals(page, evidence);
        AddPromises(page, findings);
        AddRecoveries(page, evidence);
        AddFaults(page, evidence);
        return page.ToString();
    }

    private static void AddTotals(StringBuilder page, Evidence evidence)
    {
        var publications = evidence.Publications.ToList();
        var requests = evidence.Operations.OfType<Request>().ToList();
        Rows(page, ["what", "how many"],
        [
            ["faults", $"{evidence.Faults.Count}"],
            ["messages", $"{evidence.Messages.Count():N0}"],
            ["of which acknowledged", $"{evidence.Messages.Count(tries => tries.Any(publication => publication.Outcome == Outcome.Ok)):N0}"],
            ["publications that were refused with \"try again\", or never answered", $"{publications.Count(publication => publication.Outcome == Outcome.Info):N0}"],
            ["publications that were refused for good, as they should be", $"{publications.Count(publication => publication.Outcome == Outcome.Fail):N0}"],
            ["readings stored", $"{evidence.Stored.Count:N0}"],
            ["deliveries", $"{evidence.Subscribers.Sum(subscriber => subscriber.Deliveries.Count):N0}"],
            ["sessions resumed", $"{evidence.Resumptions.Count:N0}"],
            .. requests.GroupBy(request => request.Status).OrderBy(same => same.Key ?? 999)
                .Select(same => new[] { $"requests answered {same.Key?.ToString(CultureInfo.InvariantCulture) ?? "nothing"}", $"{same.Count():N0}" }),
        ]);
    }

    private static void AddPromises(StringBuilder page, IReadOnlyList<(Checker Checker, IReadOnlyList<string> Broken)> findings)
    {
        page.AppendLine("## Promises").AppendLine();
        Rows(page, ["", "promise", "broken"], findings.Select(finding => new[] { finding.Checker.Id, finding.Checker.Promise, $"{finding.Broken.Count}" }));
        foreach (var (checker, broken) in findings.Where(finding => finding.Broken.Count > 0))
        {
            page.AppendLine(CultureInfo.InvariantCulture, $"**{checker.Id}**").AppendLine();
            foreach (var sentence in broken.Take(Shown))
            {
                page.AppendLine(CultureInfo.InvariantCulture, $"- {sentence.ReplaceLineEndings(" ")}");
            }

            page.AppendLine(broken.Count > Shown ? $"- and {broken.Count - Shown} more\n" : "");
        }
    }

    private static void AddRecoveries(StringBuilder page, Evidence evidence)
    {
        page.AppendLine("## Time to recovery").AppendLine()
            .AppendLine(
                """
                In seconds from the beginning of a fault, median and worst: to the first acknowledgement of a message sent after it; until no
                message waited for longer than a second any more; until no request did, or had no answer.
                """).AppendLine();
        Rows(
            page,
            ["fault", "kind", "whom", "times", "lasted", "first acknowledgement", "messages", "requests", "messages held up"],
            evidence.Recoveries.GroupBy(recovery => recovery.Injection.Fault.Plan).OrderBy(same => same.Key.Id, StringComparer.Ordinal).ThenBy(same => same.Key.Kind)
                .Select(same => new[]
                {
                    same.Key.Id,
                    same.Key.Kind.ToString(),
                    same.Key.Role,
                    $"{same.Count()}",
                    MedianAndWorst(same.Select(recovery => recovery.Injection.Fault.Duration)),
                    MedianAndWorst(same.Select(recovery => recovery.First ?? TimeSpan.Zero)),
                    MedianAndWorst(same.Select(recovery => recovery.Messages)),
                    MedianAndWorst(same.Select(recovery => recovery.Requests)),
                    $"{same.Sum(recovery => recovery.Stalled):N0}",
                }));
    }

    private static void AddFaults(StringBuilder page, Evidence evidence)
    {
        page.AppendLine("## Each fault").AppendLine();
        Rows(page, ["at", "fault", "messages until", "requests until"], evidence.Recoveries.Select(recovery => new[]
        {
            $"{recovery.Injection.Began:mm\\:ss\\.f}", $"{recovery.Injection.Fault}", Seconds(recovery.Messages), Seconds(recovery.Requests),
        }));
    }

    private static string MedianAndWorst(IEnumerable<TimeSpan> times)
    {
        var sorted = times.Order().ToList();
        return $"{Seconds(sorted[sorted.Count / 2])}, {Seconds(sorted[^1])}";
    }

    private static string Seconds(TimeSpan time) => time == TimeSpan.Zero ? "–" : time.TotalSeconds.ToString("0.0", CultureInfo.InvariantCulture);

    private static void Rows(StringBuilder page, string[] heads, IEnumerable<string[]> rows)
    {
        page.AppendLine($"| {string.Join(" | ", heads)} |").AppendLine($"|{string.Concat(heads.Select(_ => "---|"))}");
        foreach (var row in rows)
        {
            page.AppendLine($"| {string.Join(" | ", row)} |");
        }

        page.AppendLine();
    }
}
