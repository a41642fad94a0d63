using System.Net;

namespace OrleansIoT.Certificates.Pki;

/// <summary>What may stand in a certificate.</summary>
internal static class OrderRules
{
    private const int MaxNameLength = 64; // ub-common-name, RFC 5280 appendix A.1

    /// <exception cref="PkiException">It may not.</exception>
    public static void Check(CertificateOrder order)
    {
        if (!IsName(order.Name))
        {
            throw new PkiException(
                $"'{order.Name}' is no name: 1 to {MaxNameLength} of A-Z, a-z, 0-9, '.', '_' and '-', the first of them a letter or a digit.");
        }

        if (order.Days is < 1 or > 7_300)
        {
            throw new PkiException($"A certificate is good for 1 to 7300 days, not {order.Days}.");
        }

        if (order.Dns.FirstOrDefault(name => !IsHost(name)) is { } dns)
        {
            throw new PkiException($"'{dns}' is no host name.");
        }

        if (order.Ip.FirstOrDefault(address => !IPAddress.TryParse(address, out _)) is { } ip)
        {
            throw new PkiException($"'{ip}' is no IP address.");
        }

        if (order.Use == CertificateUse.Device && order.Dns.Count + order.Ip.Count > 0)
        {
            throw new PkiException("A device's certificate has no host names or addresses: a device is a client.");
        }
    }

    /// <summary>It becomes a file's name.</summary>
    public static bool IsName(string name) =>
        name.Length is > 0 and <= MaxNameLength
        && char.IsAsciiLetterOrDigit(name[0])
        && name.All(c => char.IsAsciiLetterOrDigit(c) || c is '.' or '_' or '-');

    /// <summary>Perhaps with a wildcard as its first label (RFC 6125 section 6.4.3).</summary>
    public static bool IsHost(string name) =>
        Uri.CheckHostName(name.StartsWith("*.", StringComparison.Ordinal) ? name[2..] : name) == UriHostNameType.Dns && name.All(char.IsAscii);
}
