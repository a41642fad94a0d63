using System.Net.Security;
using System.Security.Cryptography.X509Certificates;
using OrleansIoT.Certificates;
using OrleansIoT.DeviceEdge.Identity;
using OrleansIoT.Fixtures;

namespace OrleansIoT.DeviceEdge.Tests.Identity;

public sealed class DeviceTrustTests : IDisposable
{
    private static readonly TimeSpan Second = TimeSpan.FromSeconds(1);

    private readonly ManualClock _clock = new();
    private readonly TestAuthority _authority;
    private readonly TestLog _log = new();
    private readonly string _folder = Directory.CreateTempSubdirectory("trust-").FullName;
    private readonly DeviceEdgeOptions _options;

    public DeviceTrustTests()
    {
        _authority = new TestAuthority(_clock.GetUtcNow());
        File.WriteAllText(Ca, _authority.Pem);
        _options = new DeviceEdgeOptions { DeviceCa = [Ca] };
    }

    private string Ca => Path.Combine(_folder, "ca.crt");

    private string Crl => Path.Combine(_folder, "devices.crl");

    public void Dispose()
    {
        _authority.Dispose();
        Directory.Delete(_folder, recursive: true);
    }

    [Fact]
    public void A_certificate_of_the_authority_is_the_device_that_it_names()
    {
        using var trust = Trust();
        using var certificate = _authority.Issue("O=Plant, CN=meter-7");

        var device = Accept(trust, certificate, out var why);

        Assert.Null(why);
        Assert.Equal("meter-7", device!.DeviceId);
        Assert.Equal(_clock.GetUtcNow().AddHours(1), device.NotAfter);
        Assert.False(device.IsRevokedOrExpired);
    }

    [Fact]
    public void Who_names_no_usage_has_every_usage()
    {
        using var trust = Trust();
        using var certificate = _authority.Issue("CN=meter-7", usage: null);

        Assert.NotNull(Accept(trust, certificate, out _));
    }

    [Theory]
    [InlineData("O=Plant", "no device id")]
    [InlineData("CN=meter-7, CN=meter-8", "no device id")]
    [InlineData("CN=../meter-7", "no device id")]
    public void A_common_name_is_there_once_and_a_device_id(string subject, string says)
    {
        using var trust = Trust();
        using var certificate = _authority.Issue(subject);

        Assert.Null(Accept(trust, certificate, out var why));
        Assert.Contains(says, why, StringComparison.Ordinal);
    }

    [Fact]
    public void What_does_not_verify_is_refused_and_says_why()
    {
        using var trust = Trust();
        using var foreign = new TestAuthority(_clock.GetUtcNow()); // of the same name
        using var foreigner = foreign.Issue("CN=meter-7");
        using var expired = _authority.Issue("CN=meter-7", until: -Second);
        using var early = _authority.Issue("CN=meter-7", from: Second);
        using var server = _authority.Issue("CN=meter-7", usage: TestAuthority.ServerAuth);
        using var itself = new TestAuthority(_clock.GetUtcNow(), "meter-7");

        Assert.Null(Accept(trust, foreigner, out var why));
        Assert.Contains("does not verify", why, StringComparison.Ordinal);
        Assert.Null(Accept(trust, expired, out why));
        Assert.Contains("NotTimeValid", why, StringComparison.Ordinal);
        Assert.Null(Accept(trust, early, out _));
        Assert.Null(Accept(trust, server, out why));
        Assert.Contains("NotValidForUsage", why, StringComparison.Ordinal);
        Assert.Null(Accept(trust, itself.Certificate, out _));
        Assert.Null(Accept(trust, _authority.Certificate, out _));
    }

    [Fact]
    public void A_certificate_expires_while_it_is_used()
    {
        using var trust = Trust();
        using var certificate = _authority.Issue("CN=meter-7");
        var device = Accept(trust, certificate, out _)!;

        _clock.Advance(TimeSpan.FromHours(1));
        Assert.False(device.IsRevokedOrExpired);
        _clock.Advance(Second);
        Assert.True(device.IsRevokedOrExpired);
    }

    [Fact]
    public void A_revoked_certificate_is_refused_and_ends_where_it_is_in_use()
    {
        using var lost = _authority.Issue("CN=lost");
        using var good = _authority.Issue("CN=good");
        WriteCrl(1, null);
        using var trust = TrustWithLists();
        var (before, other) = (Accept(trust, lost, out _)!, Accept(trust, good, out _)!);
        Assert.False(before.IsRevokedOrExpired);

        WriteCrl(2, null, lost);
        _clock.Advance(Second);

        Assert.True(before.IsRevokedOrExpired);
        Assert.False(other.IsRevokedOrExpired);
        Assert.Null(Accept(trust, lost, out var why));
        Assert.Contains("revoked", why, StringComparison.Ordinal);
        Assert.NotNull(Accept(trust, good, out _));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void A_list_past_its_next_update_keeps_new_connections_out_unless_that_is_allowed(bool allowed)
    {
        _options.AcceptUnknownRevocation = allowed;
        using var lost = _authority.Issue("CN=lost", until: TimeSpan.FromDays(9));
        using var good = _authority.Issue("CN=good", until: TimeSpan.FromDays(9));
        WriteCrl(1, TimeSpan.FromHours(1), lost);
        using var trust = TrustWithLists();
        var device = Accept(trust, good, out _)!;

        _clock.Advance(TimeSpan.FromHours(2));

        Assert.Equal(allowed, Accept(trust, good, out _) is not null);
        Assert.Null(Accept(trust, lost, out _));
        Assert.False(device.IsRevokedOrExpired);

        WriteCrl(2, TimeSpan.FromDays(2), lost);
        _clock.Advance(Second);
        Assert.NotNull(Accept(trust, good, out _));
    }

    [Fact]
    public void A_list_that_was_late_from_the_start_is_an_error_in_the_log()
    {
        WriteCrl(1, -Second);
        using var trust = TrustWithLists();
        using var good = _authority.Issue("CN=good");

        Assert.Null(Accept(trust, good, out _));
        Assert.Contains(_log.Lines, line => line.Contains("past its next update", StringComparison.Ordinal));
    }

    [Fact]
    public void An_authority_without_a_list_is_not_trusted_when_lists_are_configured()
    {
        using var second = new TestAuthority(_clock.GetUtcNow(), "Second");
        File.AppendAllText(Ca, second.Pem);
        WriteCrl(1, null);
        using var trust = TrustWithLists();
        using var good = second.Issue("CN=good");

        Assert.Null(Accept(trust, good, out var why));
        Assert.Contains("no revocation list", why, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("older")]
    [InlineData("corrupt")]
    [InlineData("foreign")]
    [InlineData("huge")]
    [InlineData("missing")]
    public void A_list_that_is_not_good_leaves_the_one_before_and_an_error_in_the_log(string fault)
    {
        _options.MaxRevocationListBytes = 10_000;
        using var lost = _authority.Issue("CN=lost");
        using var good = _authority.Issue("CN=good");
        using var foreign = new TestAuthority(_clock.GetUtcNow());
        WriteCrl(5, null, lost);
        using var trust = TrustWithLists();
        var before = File.ReadAllBytes(Crl);

        File.Delete(Crl);
        if (fault is not "missing")
        {
            File.WriteAllBytes(Crl, fault switch
            {
                "older" => _authority.Revoke(4),
                "corrupt" => before[..^1],
                "foreign" => foreign.Revoke(6),
                _ => new byte[10_001],
            });
        }

        _clock.Advance(Second);

        Assert.Single(_log.Lines, line => line.StartsWith("Error", StringComparison.Ordinal));
        Assert.Null(Accept(trust, lost, out _));
        Assert.NotNull(Accept(trust, good, out _));

        WriteCrl(6, null, good);
        _clock.Advance(Second);
        Assert.Null(Accept(trust, good, out _));
    }

    [Theory]
    [InlineData("missing")]
    [InlineData("corrupt")]
    [InlineData("foreign")]
    public void Without_a_good_list_from_before_it_does_not_start(string fault)
    {
        using var foreign = new TestAuthority(_clock.GetUtcNow());
        if (fault != "missing")
        {
            File.WriteAllBytes(Crl, fault == "corrupt" ? [0x30, 0x03, 1, 2, 3] : foreign.Revoke(1));
        }

        Assert.Contains(Crl, Assert.Throws<CertificateFileException>(TrustWithLists).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Without_a_root_it_does_not_start()
    {
        using var device = _authority.Issue("CN=meter-7");
        File.WriteAllText(Ca, device.ExportCertificatePem());
        Assert.Throws<CertificateFileException>(Trust);
        File.WriteAllText(Ca, "nothing");
        Assert.Throws<CertificateFileException>(Trust);
        File.Delete(Ca);
        Assert.Throws<CertificateFileException>(Trust);
    }

    [Fact]
    public void An_authority_that_is_taken_away_takes_its_devices_along()
    {
        using var second = new TestAuthority(_clock.GetUtcNow(), "Second");
        File.AppendAllText(Ca, second.Pem);
        using var trust = Trust();
        using var certificate = second.Issue("CN=meter-7");
        var device = Accept(trust, certificate, out _)!;

        File.WriteAllText(Ca, _authority.Pem);
        _clock.Advance(Second);

        Assert.True(device.IsRevokedOrExpired);
        Assert.Null(Accept(trust, certificate, out _));
    }

    private void WriteCrl(int number, TimeSpan? until, params X509Certificate2[] revoked)
    {
        // Its times are the clock's of now, as an authority's would be.
        var age = _clock.GetUtcNow() - new ManualClock().GetUtcNow();
        File.WriteAllBytes(Crl, _authority.Revoke(number, age + (until ?? TimeSpan.FromDays(1)), revoked));
    }

    private DeviceTrust Trust() => new(_options, _clock, _log.Of<DeviceTrust>());

    private DeviceTrust TrustWithLists()
    {
        _options.DeviceCrl = [Crl];
        return Trust();
    }

    /// <summary>As the handshake does it.</summary>
    private static DeviceCertificate? Accept(DeviceTrust trust, X509Certificate2 certificate, out string? why)
    {
        using var chain = new X509Chain { ChainPolicy = trust.Policy() };
        return trust.Accept(chain, chain.Build(certificate) ? SslPolicyErrors.None : SslPolicyErrors.RemoteCertificateChainErrors, out why);
    }
}
