using System.Text.RegularExpressions;
using OrleansIoT.Fixtures;

namespace OrleansIoT.Deployment.Tests.Compose;

public sealed partial class DockerfileTests
{
    private static readonly string Text = File.ReadAllText(Path.Combine(Repository.Root, "Dockerfile"));

    [Fact]
    public void The_image_is_built_on_Orleans_of_images_with_a_version()
    {
        Assert.Contains("-p:GrainEngine=Orleans", Text, StringComparison.Ordinal);
        var images = Image().Matches(Text).Select(match => match.Groups[1].Value).ToList();
        Assert.Equal(3, images.Count);
        Assert.All(images, image => Assert.Matches(@":\d+\.\d+\.\d+-", image));
    }

    [Fact]
    public void Its_processes_are_nobody_say_how_they_are_and_hear_when_to_end()
    {
        var last = Text[Text.LastIndexOf("\nFROM ", StringComparison.Ordinal)..];
        Assert.Matches(@"\nUSER (?!root|0)\w+\n", last);
        Assert.Matches(@"\nHEALTHCHECK .*--check-health", last);
        Assert.Matches(@"\nENTRYPOINT \[", last); // no shell that would keep signals to itself
        Assert.DoesNotContain("ADMIN_PASSWORD", Text, StringComparison.Ordinal);
    }

    [Fact]
    public void Everything_that_it_copies_is_there_and_is_not_ignored()
    {
        var ignore = File.ReadAllLines(Path.Combine(Repository.Root, ".dockerignore"));
        foreach (var path in Copied().Matches(Text).SelectMany(match => match.Groups[1].Value.Split(' ')))
        {
            Assert.True(Path.Exists(Path.Combine(Repository.Root, path)), path);
            Assert.Contains(ignore, line => line == $"!{path}");
        }
    }

    [Fact]
    public void The_web_app_is_built_by_npm_from_its_lock_file_and_is_where_the_gateway_serves_it_from()
    {
        var stage = Text[Text.IndexOf(" AS dashboard\n", StringComparison.Ordinal)..Text.IndexOf(" AS build\n", StringComparison.Ordinal)];
        Assert.Contains("\nRUN npm ci ", stage, StringComparison.Ordinal);
        Assert.Contains("\nRUN npm run build\n", stage, StringComparison.Ordinal);
        Assert.Contains("\nCOPY --from=dashboard /build/dist /opt/iot/wwwroot\n", Text, StringComparison.Ordinal);
        Assert.Contains("-p:BuildDashboard=false", Text, StringComparison.Ordinal); // that stage has no Node.js
        foreach (var file in Source().Match(stage).Groups[1].Value.Split(' '))
        {
            Assert.True(File.Exists(Path.Combine(Repository.Root, file)), file);
        }
    }

    [GeneratedRegex(@"^COPY (src/Dashboard/[^\n]*) \./$", RegexOptions.Multiline)]
    private static partial Regex Source();

    [GeneratedRegex(@"^ARG \w+=(\S+)$", RegexOptions.Multiline)]
    private static partial Regex Image();

    [GeneratedRegex(@"^COPY (deploy/[^\n]*) /", RegexOptions.Multiline)]
    private static partial Regex Copied();
}
