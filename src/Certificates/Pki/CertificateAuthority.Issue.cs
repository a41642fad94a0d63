namespace OrleansIoT.Certificates.Pki;

public sealed partial class CertificateAuthority
{
    /// <summary>Browsers take none that lives longer than 398 days; nobody carries a new one to a device every year.</summary>
    private static int UsualDays(CertificateUse use) => use == CertificateUse.Device ? 1_825 : 397;

    /// <summary>Issues a certificate over a new key.</summary>
    /// <exception cref="PkiException">The order is senseless, or there is a good certificate of this name.</exception>
    public IssuedCertificate Issue(CertificateOrder order)
    {
        OrderRules.Check(order);
        using (_files.Lock())
        {
            var index = _files.ReadIndex();
            if (File.Exists(_files.CertificateOf(order.Name)) && Newest(index, order.Name) is { } there && there.IsGood(_time.GetUtcNow()))
            {
                throw new PkiException(
                    $"{order.Name} has a certificate that is good until {there.NotAfter:yyyy-MM-dd}: renew it, or revoke it first.");
            }

            var dns = order.Dns.Count + order.Ip.Count == 0 && order.Use != CertificateUse.Device && OrderRules.IsHost(order.Name)
                ? [order.Name]
                : order.Dns;
            return Make(index, order with { Dns = dns }, isRenewal: false);
        }
    }

    /// <summary>
    /// Issues a certificate that says the same, over the same key: whoever has both files need replace one only. The one
    /// before stays good until it ends.
    /// </summary>
    /// <exception cref="PkiException">There is none of this name, or it is revoked.</exception>
    public IssuedCertificate Renew(string name, int? days)
    {
        using (_files.Lock())
        {
            var index = _files.ReadIndex();
            var before = Newest(index, name) ?? throw new PkiException($"No certificate was issued to '{name}'.");
            if (before.RevokedAt is not null)
            {
                throw new PkiException($"The certificate of {name} is revoked, and its key may be known to others: issue a new one.");
            }

            if (!File.Exists(_files.KeyOf(name)))
            {
                throw new PkiException($"The key {_files.KeyOf(name)} is missing: revoke {name} and issue a new certificate.");
            }

            var order = new CertificateOrder(before.Use, name, before.Dns, before.Ip, days);
            OrderRules.Check(order);
            return Make(index, order, isRenewal: true);
        }
    }

    private IssuedCertificate Make(PkiIndex index, CertificateOrder order, bool isRenewal)
    {
        var now = _time.GetUtcNow();
        using var authority = Read();
        var certificate = new IssuedCertificate(
            order.Name, order.Use, CertificateForms.NewSerial(), Seconds(now.AddDays(order.Days ?? UsualDays(order.Use))), order.Dns, order.Ip);
        if (certificate.NotAfter > authority.NotAfter)
        {
            throw new PkiException($"The CA itself ends on {authority.NotAfter.ToUniversalTime():yyyy-MM-dd}, before this certificate would.");
        }

        if (!isRenewal && File.Exists(_files.KeyOf(order.Name)))
        {
            File.Delete(_files.KeyOf(order.Name));
        }

        using var key = PkiFiles.Key(_files.KeyOf(order.Name));
        using var made = CertificateForms.Make(certificate, key, authority, now);
        _files.WriteIndex(index with { Certificates = index.Certificates.Add(certificate) });
        PrivateFile.Write(_files.CertificateOf(order.Name), made.ExportCertificatePem() + "\n");
        return certificate;
    }

    private static IssuedCertificate? Newest(PkiIndex index, string name) =>
        index.Certificates.FindLast(certificate => certificate.Name == name);

    /// <summary>What a certificate can say (RFC 5280 section 4.1.2.5).</summary>
    private static DateTimeOffset Seconds(DateTimeOffset time) => time.AddTicks(-(time.Ticks % TimeSpan.TicksPerSecond));
}
