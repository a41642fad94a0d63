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
        Assert.Equal(2, images.Count);
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

    [GeneratedRegex(@"^ARG \w+=(\S+)$", RegexOptions.Multiline)]
    private static partial Regex Image();

    [GeneratedRegex(@"^COPY (deploy/[^\n]*) /", RegexOptions.Multiline)]
    private static partial Regex Copied();
}
