using System.Security.Cryptography.X509Certificates;
using OrleansIoT.Fixtures;

namespace OrleansIoT.Certificates.Tests;

public sealed class ServerCertificateTests : IDisposable
{
    private static readonly TimeSpan Second = TimeSpan.FromSeconds(1);

    private readonly ManualClock _clock = new();
    private readonly TestAuthority _authority;
    private readonly TestLog _log = new();
    private readonly string _folder = Directory.CreateTempSubdirectory("server-").FullName;

    public ServerCertificateTests() => _authority = new TestAuthority(_clock.GetUtcNow());

    private string Certificate => Path.Combine(_folder, "tls.crt");

    private string Key => Path.Combine(_folder, "tls.key");

    public void Dispose()
    {
        _authority.Dispose();
        Directory.Delete(_folder, recursive: true);
    }

    [Fact]
    public void Replaced_files_count_from_the_next_second_on()
    {
        Write(Certificate, Key, "first");
        using var server = Server();
        Assert.Equal("CN=first", server.Current.TargetCertificate.Subject);

        Write(Certificate, Key, "second");
        _clock.Advance(Second);

        Assert.Equal("CN=second", server.Current.TargetCertificate.Subject);
        Assert.True(server.Current.TargetCertificate.HasPrivateKey);
    }

    [Fact]
    public void A_pair_that_is_half_written_leaves_the_one_before_and_is_logged_once()
    {
        Write(Certificate, Key, "first");
        using var server = Server();
        var (newCertificate, newKey) = (Certificate + ".new", Key + ".new");
        Write(newCertificate, newKey, "second");

        foreach (var part in new[] { 0, 100, 200 })
        {
            File.WriteAllText(Certificate, File.ReadAllText(newCertificate)[..part]);
            _clock.Advance(Second);
        }

        File.Move(newCertificate, Certificate, overwrite: true);
        _clock.Advance(Second);
        Assert.Equal("CN=first", server.Current.TargetCertificate.Subject);
        Assert.Single(_log.Lines, line => line.StartsWith("Error", StringComparison.Ordinal));

        File.Move(newKey, Key, overwrite: true);
        _clock.Advance(Second);
        Assert.Equal("CN=second", server.Current.TargetCertificate.Subject);
        Assert.Single(_log.Lines, line => line.StartsWith("Error", StringComparison.Ordinal));
        Assert.DoesNotContain(_log.Lines, line => line.Contains("PRIVATE", StringComparison.Ordinal));
    }

    [Fact]
    public void Files_behind_symbolic_links_are_followed_when_the_links_are_moved()
    {
        // As Kubernetes mounts secrets: tls.crt -> ..data/tls.crt, and ..data is what moves.
        foreach (var version in new[] { "v1", "v2" })
        {
            Directory.CreateDirectory(Path.Combine(_folder, version));
            Write(Path.Combine(_folder, version, "tls.crt"), Path.Combine(_folder, version, "tls.key"), version);
        }

        var data = Path.Combine(_folder, "..data");
        Directory.CreateSymbolicLink(data, "v1");
        File.CreateSymbolicLink(Certificate, "..data/tls.crt");
        File.CreateSymbolicLink(Key, "..data/tls.key");
        using var server = Server();
        Assert.Equal("CN=v1", server.Current.TargetCertificate.Subject);

        Directory.Delete(data);
        Directory.CreateSymbolicLink(data, "v2");
        _clock.Advance(Second);

        Assert.Equal("CN=v2", server.Current.TargetCertificate.Subject);
    }

    [Theory]
    [InlineData("no certificate", null)]
    [InlineData(null, "no key")]
    public void Without_a_pair_from_before_it_does_not_start(string? certificate, string? key)
    {
        Write(Certificate, Key, "first");
        File.WriteAllText(Certificate, certificate ?? File.ReadAllText(Certificate));
        File.WriteAllText(Key, key ?? File.ReadAllText(Key));

        Assert.Contains(Certificate, Assert.Throws<CertificateFileException>(Server).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_certificate_that_clients_will_refuse_is_said_to_be_one()
    {
        Write(Certificate, Key, "old", until: -Second);
        using var server = Server();

        Assert.Contains(_log.Lines, line => line.StartsWith("Warning", StringComparison.Ordinal));
    }

    private ServerCertificate Server() => new(Certificate, Key, _clock, _log.Of<ServerCertificate>());

    private void Write(string certificate, string key, string name, TimeSpan? until = null)
    {
        using var issued = _authority.Issue($"CN={name}", until: until, usage: TestAuthority.ServerAuth);
        File.WriteAllText(certificate, issued.ExportCertificatePem() + "\n" + _authority.Pem);
        File.WriteAllText(key, issued.GetECDsaPrivateKey()!.ExportPkcs8PrivateKeyPem());
    }
}
