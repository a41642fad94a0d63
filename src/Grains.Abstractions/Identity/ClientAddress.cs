using System.Net;
using System.Net.Sockets;

namespace OrleansIoT.Identity;

/// <summary>The address of a client, as it is noted and as it is counted.</summary>
public static class ClientAddress
{
    private const int NetworkBytes = 8;

    /// <summary>As people write it; an IPv4 address that arrived on an IPv6 socket as IPv4. Empty where there is none.</summary>
    public static string Text(IPAddress? address) => Plain(address)?.ToString() ?? "";

    /// <summary>
    /// Whose requests count together: an IPv4 address, or the /64 of an IPv6 address, which one host usually has all of (RFC
    /// 4291 section 2.5.4, RFC 6177 section 2).
    /// </summary>
    public static string Network(IPAddress? address)
    {
        var plain = Plain(address);
        if (plain is not { AddressFamily: AddressFamily.InterNetworkV6 })
        {
            return plain?.ToString() ?? "";
        }

        var bytes = plain.GetAddressBytes();
        bytes.AsSpan(NetworkBytes).Clear();
        return $"{new IPAddress(bytes)}/64";
    }

    private static IPAddress? Plain(IPAddress? address) =>
        address is { IsIPv4MappedToIPv6: true } ? address.MapToIPv4() : address;
}
