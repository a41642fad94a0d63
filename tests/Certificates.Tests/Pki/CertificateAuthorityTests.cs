using System.Net.Security;
using System.Runtime.Versioning;
using System.Security.Cryptography.X509Certificates;
using OrleansIoT.Certificates.Pki;
using OrleansIoT.Fixtures;

namespace OrleansIoT.Certificates.Tests.Pki;

[UnsupportedOSPlatform("windows")]
public sealed class CertificateAuthorityTests : IDisposable
{
    private static readonly TimeSpan Day = TimeSpan.FromDays(1);

    private readonly ManualClock _clock = new();
    private readonly TestLog _log = new();
    private readonly string _folder = Directory.CreateTempSubdirectory("pki-").FullName;

    private string Pki => Path.Combine(_folder, "pki");

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public void What_it_issues_leads_to_it_and_says_what_was_ordered()
    {
        var authority = Authority();

        authority.Issue(new CertificateOrder(CertificateUse.Gateway, "gateway-1", ["iot.example", "*.iot.example"], ["192.0.2.7"], 30));

        using var certificate = Read(authority, "gateway-1");
        using var ca = X509Certificate2.CreateFromPem(File.ReadAllText(authority.CertificateFile));
        Assert.Equal("OU=gateway, CN=gateway-1", certificate.Subject); // its role, which peers look for, and its name
        Assert.True(certificate.MatchesHostname("iot.example"));
        Assert.True(certificate.MatchesHostname("a.iot.example"));
        Assert.True(certificate.MatchesHostname("192.0.2.7"));
        Assert.False(certificate.MatchesHostname("gateway-1"));
        Assert.Equal(_clock.GetUtcNow() + 30 * Day, certificate.NotAfter);
        Assert.Equal([KeyUsages.ServerAuth, KeyUsages.ClientAuth, KeyUsages.ClusterPeer], UsagesOf(certificate));
        Assert.NotNull(certificate.GetECDsaPrivateKey());
        Assert.Equal(256, certificate.GetECDsaPublicKey()!.KeySize);
        Assert.Equal(ca.SubjectName.RawData, certificate.IssuerName.RawData);
        Assert.False(certificate.Extensions.OfType<X509BasicConstraintsExtension>().Single().CertificateAuthority);
        Assert.Equal(0, ca.Extensions.OfType<X509BasicConstraintsExtension>().Single().PathLengthConstraint);
    }

    [Theory]
    [InlineData(CertificateUse.Silo, true)]
    [InlineData(CertificateUse.Edge, true)]
    [InlineData(CertificateUse.Device, false)]
    public void A_device_is_no_peer_of_the_cluster(CertificateUse use, bool isPeer)
    {
        var authority = Authority();
        Issue(authority, "it", use);

        Assert.NotNull(Accept(authority, "it"));
        Assert.Equal(isPeer, Accept(authority, "it", KeyUsages.ClientAuth, KeyUsages.ClusterPeer) is not null);
        Assert.Equal(isPeer, Accept(authority, "it", KeyUsages.ServerAuth, KeyUsages.ClusterPeer) is not null);
    }

    [Fact]
    public void Nobody_else_reads_what_is_in_its_directory()
    {
        var authority = Authority();
        Issue(authority, "meter-7");

        const UnixFileMode private_ = UnixFileMode.UserRead | UnixFileMode.UserWrite;
        Assert.Equal(private_, File.GetUnixFileMode(Path.Combine(Pki, "ca.key")));
        Assert.Equal(private_, File.GetUnixFileMode(authority.KeyFileOf("meter-7")));
        Assert.Equal(private_ | UnixFileMode.UserExecute, File.GetUnixFileMode(Pki));
        Assert.DoesNotContain("PRIVATE", File.ReadAllText(Path.Combine(Pki, "index.json")), StringComparison.Ordinal);

        File.SetUnixFileMode(Path.Combine(Pki, "ca.key"), private_ | UnixFileMode.GroupRead);
        Assert.Throws<UnauthorizedAccessException>(() => Issue(authority, "meter-8"));
    }

    [Fact]
    public void Renewing_keeps_the_key_and_the_one_before_stays_good()
    {
        var authority = Authority();
        var first = Issue(authority, "gateway-1", CertificateUse.Gateway, 30);
        var key = File.ReadAllText(authority.KeyFileOf("gateway-1"));
        using var before = Read(authority, "gateway-1");
        _clock.Advance(25 * Day);
        authority.PublishList();

        var second = authority.Renew("gateway-1", 30);

        using var after = Read(authority, "gateway-1");
        Assert.NotEqual(first.Serial, second.Serial);
        Assert.Equal(key, File.ReadAllText(authority.KeyFileOf("gateway-1")));
        Assert.Equal(_clock.GetUtcNow() + 30 * Day, after.NotAfter);
        Assert.True(after.MatchesHostname("gateway-1"));
        Assert.NotNull(Accept(authority, before));
        Assert.NotNull(Accept(authority, after));
    }

    [Fact]
    public void A_revoked_name_is_refused_with_all_its_certificates_and_a_number_with_one()
    {
        var authority = Authority();
        var first = Issue(authority, "a");
        using var a1 = Read(authority, "a");
        authority.Renew("a", null);
        using var a2 = Read(authority, "a");
        Issue(authority, "b");
        Assert.NotNull(Accept(authority, a1));

        Assert.Equal(first.Serial, Assert.Single(authority.Revoke(first.Serial.ToLowerInvariant())).Serial);
        Assert.Null(Accept(authority, a1));
        Assert.NotNull(Accept(authority, a2));

        authority.Revoke("a");
        Assert.Null(Accept(authority, a2));
        Assert.NotNull(Accept(authority, "b"));
        Assert.Throws<PkiException>(() => authority.Revoke("a"));
        Assert.Throws<PkiException>(() => authority.Renew("a", null));

        Issue(authority, "a"); // a new one, over a new key
        Assert.NotNull(Accept(authority, "a"));
        Assert.Null(Accept(authority, a2));
    }

    [Fact]
    public void Every_list_has_the_next_number_and_forgets_what_has_ended()
    {
        var authority = Authority();
        var first = ListOf(authority);
        Issue(authority, "a", days: 1);
        authority.Revoke("a");
        var second = ListOf(authority);
        _clock.Advance(3 * Day);
        authority.PublishList();
        var third = ListOf(authority);

        Assert.Equal([1, 2, 3], new[] { first, second, third }.Select(list => (int)list.Number!.Value));
        Assert.Equal([0, 1, 0], new[] { first, second, third }.Select(list => list.Count));
        Assert.Equal(_clock.GetUtcNow() + Day, third.NextUpdate);
    }

    [Fact]
    public void A_list_that_nobody_renews_fails_closed_and_half_way_there_the_log_says_so()
    {
        var authority = Authority();
        Issue(authority, "a");
        using var a = Read(authority, "a");
        using var trust = Trust(authority);
        Assert.NotNull(Accept(trust, a));
        Assert.DoesNotContain(_log.Lines, line => line.Contains("half its life", StringComparison.Ordinal));

        _clock.Advance(TimeSpan.FromHours(19));
        Assert.Contains(_log.Lines, line => line.StartsWith("Warning", StringComparison.Ordinal) && line.Contains("half its life", StringComparison.Ordinal));
        Assert.NotNull(Accept(trust, a));

        _clock.Advance(TimeSpan.FromHours(6));
        Assert.Null(Accept(trust, a));
    }

    [Fact]
    public void A_process_that_keeps_it_renews_the_list_in_time()
    {
        var authority = Authority();
        Issue(authority, "a");
        using var a = Read(authority, "a");
        using var trust = Trust(authority);
        using var upkeep = new AuthorityUpkeep(authority, _clock, _log.Of<AuthorityUpkeep>());

        for (var hour = 0; hour < 100; hour++)
        {
            _clock.Advance(TimeSpan.FromHours(1));
            Assert.NotNull(Accept(trust, a));
        }

        Assert.InRange((int)ListOf(authority).Number!.Value, 8, 10);
        Assert.DoesNotContain(_log.Lines, line => line.Contains("half its life", StringComparison.Ordinal));
    }

    [Fact]
    public void A_week_before_the_end_of_a_certificate_the_log_says_so_once_a_day_until_it_is_renewed()
    {
        var authority = Authority();
        Issue(authority, "gateway-1", CertificateUse.Gateway, 30);
        using var upkeep = new AuthorityUpkeep(authority, _clock, _log.Of<AuthorityUpkeep>());
        int Warnings() => _log.Lines.Count(line => line.StartsWith("Warning: The certificate of gateway-1", StringComparison.Ordinal));

        _clock.Advance(22 * Day);
        Assert.Equal(0, Warnings());
        _clock.Advance(3 * Day);
        Assert.InRange(Warnings(), 2, 3);

        authority.Renew("gateway-1", null);
        var warnings = Warnings();
        _clock.Advance(3 * Day);
        Assert.Equal(warnings, Warnings());
    }

    [Fact]
    public void A_directory_that_cannot_be_written_is_said_once_and_the_renewal_goes_on_when_it_can()
    {
        var authority = Authority();
        using var upkeep = new AuthorityUpkeep(authority, _clock, _log.Of<AuthorityUpkeep>());
        var key = Path.Combine(Pki, "ca.key");
        File.Move(key, key + ".away");

        _clock.Advance(TimeSpan.FromHours(13));
        Assert.Single(_log.Lines, line => line.StartsWith("Error", StringComparison.Ordinal));

        File.Move(key + ".away", key);
        _clock.Advance(TimeSpan.FromMinutes(10));
        Assert.Equal(2, ListOf(authority).Number);
    }

    [Fact]
    public void A_crash_between_the_index_and_the_list_is_put_right()
    {
        var authority = Authority();
        Issue(authority, "a");
        var before = File.ReadAllText(authority.RevocationListFile);
        authority.Revoke("a");
        File.WriteAllText(authority.RevocationListFile, before); // as if the second file had not been written

        Assert.NotNull(authority.RenewList());

        Assert.Equal(1, ListOf(authority).Count);
        Assert.Null(authority.RenewList());
    }

    [Fact]
    public void A_crash_between_the_index_and_the_certificate_is_put_right_by_asking_again()
    {
        var authority = Authority();
        Issue(authority, "a");
        Assert.Throws<PkiException>(() => Issue(authority, "a"));

        File.Delete(authority.CertificateFileOf("a"));

        Issue(authority, "a");
        Assert.NotNull(Accept(authority, "a"));
        Assert.Equal(2, authority.List().Count);
    }

    [Fact]
    public async Task Two_who_issue_at_once_lose_nothing()
    {
        var authority = Authority();

        await Task.WhenAll(Enumerable.Range(0, 4).Select(worker => Task.Run(() =>
        {
            var own = CertificateAuthority.Open(Pki, _clock);
            for (var i = 0; i < 5; i++)
            {
                Issue(own, $"device-{worker}-{i}");
            }
        })));

        Assert.Equal(20, authority.List().Select(certificate => certificate.Name).Distinct().Count());
    }

    [Theory]
    [InlineData("../ca", "no name")]
    [InlineData("", "no name")]
    [InlineData(".hidden", "no name")]
    [InlineData("a b", "no name")]
    [InlineData("a\nb", "no name")]
    public void A_name_is_one_that_a_file_may_have(string name, string says)
    {
        var authority = Authority();
        Assert.Contains(says, Assert.Throws<PkiException>(() => Issue(authority, name)).Message, StringComparison.Ordinal);
        Assert.Empty(authority.List());
    }

    [Fact]
    public void Senseless_orders_are_refused()
    {
        var authority = Authority();
        void Refuses(CertificateOrder order) => Assert.Throws<PkiException>(() => authority.Issue(order));

        Refuses(new(CertificateUse.Gateway, "g", ["not a host"], [], null));
        Refuses(new(CertificateUse.Gateway, "g", [], ["192.0.2.256"], null));
        Refuses(new(CertificateUse.Device, "g", ["iot.example"], [], null));
        Refuses(new(CertificateUse.Gateway, "g", [], [], 0));
        _clock.Advance(7_000 * Day);
        Refuses(new(CertificateUse.Device, "g", [], [], 1_000)); // it would outlive the CA
        Assert.Throws<PkiException>(() => CertificateAuthority.Create(Pki, null, Day, _clock));
        Assert.Throws<PkiException>(() => CertificateAuthority.Create(Path.Combine(_folder, "other"), null, 8 * Day, _clock));
        Assert.Throws<PkiException>(() => CertificateAuthority.Open(Path.Combine(_folder, "other"), _clock));
    }

    private CertificateAuthority Authority() => CertificateAuthority.Create(Pki, null, Day, _clock);

    private static IssuedCertificate Issue(
        CertificateAuthority authority, string name, CertificateUse use = CertificateUse.Device, int? days = null) =>
        authority.Issue(new CertificateOrder(use, name, [], [], days));

    private static X509Certificate2 Read(CertificateAuthority authority, string name) =>
        X509Certificate2.CreateFromPemFile(authority.CertificateFileOf(name), authority.KeyFileOf(name));

    private static RevocationList ListOf(CertificateAuthority authority) =>
        RevocationList.ReadAll(File.ReadAllBytes(authority.RevocationListFile)).Single();

    private static string[] UsagesOf(X509Certificate2 certificate) =>
        [.. certificate.Extensions.OfType<X509EnhancedKeyUsageExtension>().Single().EnhancedKeyUsages.Cast<System.Security.Cryptography.Oid>().Select(usage => usage.Value!)];

    private CertificateTrust Trust(CertificateAuthority authority, params string[] usages)
    {
        var files = new TrustFiles("peer", [authority.CertificateFile], [authority.RevocationListFile]);
        return new CertificateTrust(usages.Length == 0 ? files : files with { Usages = usages }, _clock, _log.Of<CertificateTrust>());
    }

    private VerifiedCertificate? Accept(CertificateAuthority authority, string name, params string[] usages)
    {
        using var trust = Trust(authority, usages);
        using var certificate = Read(authority, name);
        return Accept(trust, certificate);
    }

    private VerifiedCertificate? Accept(CertificateAuthority authority, X509Certificate2 certificate)
    {
        using var trust = Trust(authority);
        return Accept(trust, certificate);
    }

    private static VerifiedCertificate? Accept(CertificateTrust trust, X509Certificate2 certificate)
    {
        using var chain = new X509Chain { ChainPolicy = trust.Policy() };
        var errors = chain.Build(certificate) ? SslPolicyErrors.None : SslPolicyErrors.RemoteCertificateChainErrors;
        return trust.Accept(chain, errors, out _);
    }
}
