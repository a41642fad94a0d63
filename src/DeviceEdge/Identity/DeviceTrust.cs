using System.Formats.Asn1;
using System.Net.Security;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Microsoft.Extensions.Logging;
using OrleansIoT.Certificates;
using OrleansIoT.Devices;

namespace OrleansIoT.DeviceEdge.Identity;

/// <summary>Which client certificates are devices: those that <see cref="CertificateTrust"/> accepts and whose common name is a device id.</summary>
internal sealed class DeviceTrust : IDisposable
{
    private const string CommonName = "2.5.4.3";

    private readonly CertificateTrust _trust;

    /// <exception cref="CertificateFileException">A file cannot be used.</exception>
    public DeviceTrust(DeviceEdgeOptions options, TimeProvider time, ILogger<DeviceTrust> log) =>
        _trust = new CertificateTrust(
            new TrustFiles("device", options.DeviceCa, options.DeviceCrl)
            {
                MaxRevocationListBytes = options.MaxRevocationListBytes,
                AcceptUnknownRevocation = options.AcceptUnknownRevocation,
            },
            time,
            log);

    /// <summary>What the chain of a handshake that begins now has to satisfy.</summary>
    public X509ChainPolicy Policy() => _trust.Policy();

    /// <param name="chain">Built under <see cref="Policy"/>.</param>
    /// <param name="errors">What TLS found wrong.</param>
    /// <param name="why">What is wrong, or null.</param>
    /// <returns>Null if it is not to be trusted.</returns>
    public DeviceCertificate? Accept(X509Chain chain, SslPolicyErrors errors, out string? why)
    {
        if (_trust.Accept(chain, errors, out why) is not { } verified)
        {
            return null;
        }

        var device = NameOf(chain.ChainElements[0].Certificate);
        if (!DeviceId.IsValid(device, out _))
        {
            why = "the common name of its certificate is no device id";
            return null;
        }

        return new DeviceCertificate(device!, verified);
    }

    public void Dispose() => _trust.Dispose();

    /// <returns>Null unless the subject has exactly one common name.</returns>
    private static string? NameOf(X509Certificate2 certificate)
    {
        try
        {
            var names = certificate.SubjectName.EnumerateRelativeDistinguishedNames()
                .Where(part => !part.HasMultipleElements && part.GetSingleElementType().Value == CommonName)
                .Select(part => part.GetSingleElementValue())
                .ToList();
            return names is [{ } name] ? name : null;
        }
        catch (Exception e) when (e is CryptographicException or AsnContentException)
        {
            return null; // nothing that can be read
        }
    }
}
