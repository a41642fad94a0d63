using System.Security.Cryptography;
using Microsoft.Extensions.Options;
using Microsoft.IdentityModel.Tokens;
using OrleansIoT.Certificates;

namespace OrleansIoT.Gateway.Identity;

/// <summary>
/// The one key that signs access tokens and verifies them (ES256, RFC 7518 section 3.4), kept in
/// <c>keys/access-tokens.pem</c> of the data directory and made there at the first start.
/// </summary>
internal sealed class SigningKey : IDisposable
{
    private const string P256 = "1.2.840.10045.3.1.7"; // RFC 5480 section 2.1.1.1

    private readonly ECDsa _ecdsa;

    public SigningKey(IOptions<GatewayOptions> options)
    {
        var path = Path.Combine(options.Value.DataDirectory, "keys", "access-tokens.pem");
        _ecdsa = Read(PrivateFile.ReadOrCreate(path, Make), path);
        Key = new ECDsaSecurityKey(_ecdsa);
        Key.KeyId = Base64UrlEncoder.Encode(Key.ComputeJwkThumbprint()); // RFC 7638: the same key, the same id
    }

    public ECDsaSecurityKey Key { get; }

    public void Dispose() => _ecdsa.Dispose();

    private static string Make()
    {
        using var ecdsa = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        return ecdsa.ExportPkcs8PrivateKeyPem() + "\n";
    }

    private static ECDsa Read(string pem, string path)
    {
        var ecdsa = ECDsa.Create();
        try
        {
            ecdsa.ImportFromPem(pem);
            if (ecdsa.ExportParameters(includePrivateParameters: true).Curve.Oid.Value == P256)
            {
                return ecdsa;
            }

            throw new CryptographicException("The key is on another curve.");
        }
        catch (Exception exception) when (exception is ArgumentException or CryptographicException)
        {
            ecdsa.Dispose();
            throw new InvalidDataException(
                $"'{path}' is not a private key on the curve P-256. Put the right file back; or remove it, then a new key is made and everybody signs in again.",
                exception);
        }
    }
}
