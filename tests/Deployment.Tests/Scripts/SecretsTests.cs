using System.Runtime.Versioning;
using OrleansIoT.Deployment.Tests.Compose;

namespace OrleansIoT.Deployment.Tests.Scripts;

/// <summary>The scripts that make what the processes of a cluster share, as an operator runs them.</summary>
[UnsupportedOSPlatform("windows")]
public sealed class SecretsTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("secrets-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public async Task What_it_has_made_nobody_else_reads_and_it_stays_when_it_is_made_again()
    {
        (await Command.Run("deploy/make-secrets", _folder, "--mtls", "--dns", "iot.example.org", "--ip", "192.0.2.7")).Succeeded();
        var files = Contents();
        Assert.All(files.Keys, file => Assert.Equal(UnixFileMode.None, File.GetUnixFileMode(file) & Others));
        Assert.All(Directory.EnumerateDirectories(_folder), directory => Assert.Equal(UnixFileMode.None, File.GetUnixFileMode(directory) & Others));

        (await Command.Run("deploy/make-secrets", _folder, "--mtls")).Succeeded();
        Assert.Equal(files.Where(IsLasting), Contents().Where(IsLasting));
    }

    [Fact]
    public async Task It_makes_all_that_Compose_mounts()
    {
        (await Command.Run("deploy/make-secrets", _folder, "--mtls")).Succeeded();
        foreach (var file in new[] { "docker-compose.yml", "docker-compose.mtls.yml" })
        {
            var document = await ComposeTests.Document(file);
            var mounts = document["services"]!.AsObject().SelectMany(service => service.Value!["volumes"]?.AsArray() ?? [])
                .Select(volume => ((string)volume!).Split(':')[0])
                .Concat((document["secrets"]?.AsObject() ?? []).Select(secret => (string)secret.Value!["file"]!))
                .Where(source => source.StartsWith("./secrets/", StringComparison.Ordinal)).ToList();
            Assert.NotEmpty(mounts);
            Assert.All(mounts, source => Assert.True(Path.Exists(Path.Combine(_folder, source["./secrets/".Length..])), source));
        }
    }

    [Fact]
    public async Task Mutual_TLS_can_be_added_later()
    {
        (await Command.Run("deploy/make-secrets", _folder)).Succeeded();
        Assert.False(Directory.Exists(Path.Combine(_folder, "peers")));
        (await Command.Run("deploy/make-secrets", _folder, "--mtls")).Succeeded();
        foreach (var file in new[] { "silo/peer.crt", "silo/peer.key", "gateway/peer.crt", "edge/peer.crt", "authority/ca.crt", "authority/crl.pem" })
        {
            Assert.True(File.Exists(Path.Combine(_folder, "peers", file)), file);
        }
    }

    [Fact]
    public async Task The_revocation_list_is_published_where_the_processes_read_it()
    {
        (await Command.Run("deploy/make-secrets", _folder, "--mtls")).Succeeded();
        var list = Path.Combine(_folder, "peers", "authority", "crl.pem");
        var before = await File.ReadAllTextAsync(list);
        (await Command.Run("deploy/publish-crl", _folder, "--once")).Succeeded();
        Assert.NotEqual(before, await File.ReadAllTextAsync(list));
    }

    [Theory]
    [InlineData("--dns", "a host", "no host's name")]
    [InlineData("--dns", "", "no host's name")]
    [InlineData("--tls", "x", "no option")]
    public async Task A_senseless_option_is_an_error(string option, string value, string says)
    {
        var result = await Command.Run("deploy/make-secrets", _folder, option, value);
        Assert.NotEqual(0, result.ExitCode);
        Assert.Contains(says, result.Error, StringComparison.Ordinal);
        Assert.Empty(Directory.EnumerateFileSystemEntries(_folder));
    }

    [Fact]
    public async Task Secrets_that_others_may_read_are_placed_where_they_may_not_and_go_when_they_are_gone()
    {
        var (source, target) = (Path.Combine(_folder, "source"), Path.Combine(_folder, "target"));
        Directory.CreateDirectory(source);
        await File.WriteAllTextAsync(Path.Combine(source, "keys"), "one");
        await File.WriteAllTextAsync(Path.Combine(source, "old"), "old");
        (await Command.Run("deploy/place-secrets", source, target)).Succeeded();
        Assert.Equal("one", await File.ReadAllTextAsync(Path.Combine(target, "keys")));
        Assert.All(Directory.EnumerateFiles(target).Append(target), file => Assert.Equal(UnixFileMode.None, File.GetUnixFileMode(file) & Others));

        await File.WriteAllTextAsync(Path.Combine(source, "keys"), "two");
        File.Delete(Path.Combine(source, "old"));
        (await Command.Run("deploy/place-secrets", source, target)).Succeeded();
        Assert.Equal("two", await File.ReadAllTextAsync(Path.Combine(target, "keys")));
        Assert.Equal("keys", Path.GetFileName(Assert.Single(Directory.EnumerateFileSystemEntries(target))));
    }

    private const UnixFileMode Others =
        UnixFileMode.GroupRead | UnixFileMode.GroupWrite | UnixFileMode.GroupExecute
        | UnixFileMode.OtherRead | UnixFileMode.OtherWrite | UnixFileMode.OtherExecute;

    private Dictionary<string, string> Contents() =>
        Directory.EnumerateFiles(_folder, "*", SearchOption.AllDirectories).Order(StringComparer.Ordinal).ToDictionary(file => file, File.ReadAllText);

    /// <summary>A revocation list is published anew each time, and counted.</summary>
    private static bool IsLasting(KeyValuePair<string, string> file) =>
        Path.GetFileName(file.Key) is not ("crl.pem" or "index.json");
}
