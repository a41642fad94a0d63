using System.Numerics;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace OrleansIoT.Certificates.Pki;

public sealed partial class CertificateAuthority
{
    /// <summary>So long after its end a certificate is still listed, for whose clocks are late.</summary>
    private static readonly TimeSpan ListedBeyondEnd = TimeSpan.FromDays(1);

    /// <summary>Revokes every good certificate of a name, or the one with a number, and publishes the list that says so.</summary>
    /// <exception cref="PkiException">There is none.</exception>
    public IReadOnlyList<IssuedCertificate> Revoke(string nameOrSerial)
    {
        using (_files.Lock())
        {
            var index = _files.ReadIndex();
            var now = _time.GetUtcNow();
            var meant = index.Certificates.FindAll(certificate =>
                certificate.Name == nameOrSerial || certificate.Serial.Equals(nameOrSerial, StringComparison.OrdinalIgnoreCase));
            var revoked = meant.FindAll(certificate => certificate.IsGood(now)).ConvertAll(certificate => certificate with { RevokedAt = now });
            if (revoked.IsEmpty)
            {
                throw new PkiException(meant.IsEmpty
                    ? $"No certificate was issued to '{nameOrSerial}' or has that number; --pki list names them."
                    : $"No certificate of '{nameOrSerial}' is good any more: all are revoked or have ended.");
            }

            var serials = revoked.Select(certificate => certificate.Serial).ToHashSet();
            Publish(index with
            {
                Certificates = index.Certificates.ConvertAll(certificate =>
                    serials.Contains(certificate.Serial) ? certificate with { RevokedAt = now } : certificate),
            });
            return revoked;
        }
    }

    /// <summary>Publishes a revocation list with the next number.</summary>
    /// <returns>By when there has to be another one.</returns>
    public DateTimeOffset PublishList()
    {
        using (_files.Lock())
        {
            return Publish(_files.ReadIndex());
        }
    }

    /// <summary>Publishes a new revocation list if half the life of the last one is over, or it does not say what the index does.</summary>
    /// <returns>By when there has to be another one; null if it was not yet time.</returns>
    public DateTimeOffset? RenewList()
    {
        using (_files.Lock())
        {
            var index = _files.ReadIndex();
            return IsFresh(index) ? null : Publish(index);
        }
    }

    private bool IsFresh(PkiIndex index)
    {
        try
        {
            var list = RevocationList.ReadAll(File.ReadAllBytes(_files.RevocationList))[0];
            return list.Number == index.ListNumber && _time.GetUtcNow() < list.HalfLife;
        }
        catch (Exception e) when (e is IOException or FormatException)
        {
            return false;
        }
    }

    /// <summary>Writes the index, with the number that is used up now, and then the list.</summary>
    private DateTimeOffset Publish(PkiIndex index)
    {
        index = index with { ListNumber = index.ListNumber + 1 };
        using var authority = Read();
        var now = _time.GetUtcNow();
        var list = new CertificateRevocationListBuilder();
        foreach (var certificate in index.Certificates)
        {
            if (certificate.RevokedAt is { } at && now < certificate.NotAfter + ListedBeyondEnd)
            {
                list.AddEntry(Convert.FromHexString(certificate.Serial), at);
            }
        }

        var nextUpdate = now + index.ListLifetime;
        var der = list.Build(authority, new BigInteger(index.ListNumber), nextUpdate, HashAlgorithmName.SHA256, thisUpdate: now);
        _files.WriteIndex(index);
        PrivateFile.Write(_files.RevocationList, PemEncoding.WriteString("X509 CRL", der) + "\n");
        return nextUpdate;
    }
}
