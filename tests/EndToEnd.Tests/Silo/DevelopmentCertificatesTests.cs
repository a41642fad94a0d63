using System.Runtime.Versioning;
using System.Security.Cryptography.X509Certificates;
using Microsoft.Extensions.Logging.Abstractions;
using OrleansIoT.Fixtures;
using OrleansIoT.History;
using OrleansIoT.Silo;

namespace OrleansIoT.EndToEnd.Tests.Silo;

public sealed class DevelopmentCertificatesTests : IDisposable
{
    private readonly ManualClock _clock = new();
    private readonly string _path = IotProcess.NewDataDirectory();
    private readonly DataDirectory _data;

    public DevelopmentCertificatesTests() => _data = DataDirectory.Open(_path, NullLogger<DataDirectory>.Instance);

    public void Dispose()
    {
        _data.Dispose();
        Directory.Delete(_path, recursive: true);
    }

    [Theory]
    [InlineData("localhost")]
    [InlineData("127.0.0.1")]
    [InlineData("::1")]
    [InlineData(null)]
    public void The_server_is_what_a_client_on_this_machine_calls_it(string? name)
    {
        using var made = Make();
        using var server = Read(made.ServerFile);

        Assert.True(server.MatchesHostname(name ?? Environment.MachineName));
        Assert.False(server.MatchesHostname("example.org"));
        Assert.True(IsTrusted(server, made.CaFile));
    }

    [Fact]
    public void What_is_good_for_long_is_left_alone()
    {
        Make().Dispose();
        var (ca, server) = Files();

        _clock.Advance(TimeSpan.FromDays(300));
        Make().Dispose();

        Assert.Equal((ca, server), Files());
    }

    [Fact]
    public void A_certificate_is_renewed_before_it_ends_while_we_run_and_who_trusts_the_CA_need_not_be_told()
    {
        using var made = Make();
        var (ca, server) = Files();

        _clock.Advance(TimeSpan.FromDays(397 - 29));

        var (sameCa, renewed) = Files();
        Assert.Equal(ca, sameCa);
        Assert.NotEqual(server, renewed);
        using var certificate = Read(made.ServerFile);
        Assert.True(IsTrusted(certificate, made.CaFile));
    }

    [Fact]
    public void The_CA_is_renewed_over_the_same_key_so_who_trusts_the_old_one_trusts_the_new_one()
    {
        Make().Dispose();
        var old = Path.Combine(_path, "old.crt");
        File.Copy(DevelopmentCertificates.CaFileIn(_path), old);

        _clock.Advance(TimeSpan.FromDays(3_650 - 400));
        using var made = Make();

        using var certificate = Read(made.ServerFile);
        Assert.NotEqual(File.ReadAllText(old), File.ReadAllText(made.CaFile));
        Assert.True(IsTrusted(certificate, made.CaFile));
        Assert.True(IsTrusted(certificate, old));
    }

    [Theory]
    [InlineData("tls/ca.crt")]
    [InlineData("tls/server.crt")]
    public void What_cannot_be_read_is_made_anew(string file)
    {
        Make().Dispose();
        File.WriteAllText(Path.Combine(_path, file), "");

        using var made = Make();

        using var certificate = Read(made.ServerFile);
        Assert.True(IsTrusted(certificate, made.CaFile));
    }

    [Fact]
    [UnsupportedOSPlatform("windows")]
    public void Keys_that_others_may_read_keep_it_from_starting()
    {
        Make().Dispose();
        File.SetUnixFileMode(Path.Combine(_path, "keys/tls-ca.pem"), UnixFileMode.UserRead | UnixFileMode.OtherRead);

        Assert.Throws<UnauthorizedAccessException>(Make);
    }

    private DevelopmentCertificates Make() => new(_data, _clock, NullLogger<DevelopmentCertificates>.Instance);

    private (string Ca, string Server) Files() => (
        File.ReadAllText(DevelopmentCertificates.CaFileIn(_path)), File.ReadAllText(DevelopmentCertificates.ServerFileIn(_path)));

    private static X509Certificate2 Read(string file) => X509Certificate2.CreateFromPem(File.ReadAllText(file));

    private bool IsTrusted(X509Certificate2 certificate, string ca)
    {
        using var root = Read(ca);
        using var chain = new X509Chain();
        chain.ChainPolicy.TrustMode = X509ChainTrustMode.CustomRootTrust;
        chain.ChainPolicy.CustomTrustStore.Add(root);
        chain.ChainPolicy.RevocationMode = X509RevocationMode.NoCheck;
        chain.ChainPolicy.VerificationTime = _clock.GetUtcNow().UtcDateTime;
        return chain.Build(certificate);
    }
}
