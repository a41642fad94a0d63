using System.Globalization;
using System.Text.RegularExpressions;
using OrleansIoT.EndToEnd.Tests.Clients;
using OrleansIoT.Fixtures;

namespace OrleansIoT.EndToEnd.Tests;

/// <summary>What a newcomer pastes works.</summary>
public sealed partial class ReadmeTests
{
    [Fact]
    public async Task The_five_minute_tour_works_line_by_line()
    {
        var readme = await File.ReadAllTextAsync(Path.Combine(Repository.Root, "README.md"));
        var start = Start().Match(readme);
        var (data, password) = (start.Groups[1].Value, start.Groups[2].Value);
        var tour = string.Join('\n', ShellBlocks().Matches(readme).Select(match => match.Groups[1].Value));
        Assert.Contains("mosquitto_pub", tour, StringComparison.Ordinal);
        await using var iot = await IotProcess.WithPassword(password);

        // The ports and the directory are all that a test cannot take as it is written.
        var script = tour
            .Replace("localhost:8080", string.Create(CultureInfo.InvariantCulture, $"localhost:{iot.HttpPort}"), StringComparison.Ordinal)
            .Replace("-p 1883", string.Create(CultureInfo.InvariantCulture, $"-p {iot.MqttPort}"), StringComparison.Ordinal)
            .Replace("-p 8883", string.Create(CultureInfo.InvariantCulture, $"-p {iot.MqttsPort}"), StringComparison.Ordinal)
            .Replace($"{data}/tls/ca.crt", iot.CaFile, StringComparison.Ordinal);
        var result = (await ForeignClient.Run("bash", [], ["-euo", "pipefail", "-c", script])).Succeeded();

        var answers = result.Output.Replace("}{", "}\n{", StringComparison.Ordinal).Split('\n', StringSplitOptions.RemoveEmptyEntries);
        Assert.Equal(5, answers.Length);
        Assert.Contains("\"value\":21.7", answers[0], StringComparison.Ordinal);
        Assert.Equal(2, Regex.Count(answers[1], "\"seq\":"));
        Assert.Equal(2, Regex.Count(answers[2], "\"seq\":"));
        Assert.Contains("\"readings\":3", answers[3], StringComparison.Ordinal);
        Assert.Equal("open the valve", answers[4]);
        Assert.Empty(result.Error);
    }

    [GeneratedRegex("--data ([^ ]+) --admin-password \"([^\"]+)\"")]
    private static partial Regex Start();

    [GeneratedRegex(@"^```sh\n(.*?)^```", RegexOptions.Singleline | RegexOptions.Multiline)]
    private static partial Regex ShellBlocks();
}
