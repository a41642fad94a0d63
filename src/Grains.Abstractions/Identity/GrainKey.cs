namespace OrleansIoT.Identity;

/// <summary>
/// The key of every grain: the tenant, a slash, and the thing's name within that tenant. A tenant never contains a
/// slash, so the first one ends it; a name may contain more (topics do).
/// </summary>
public readonly record struct GrainKey(string Tenant, string Name)
{
    /// <summary>Until an installation has several, everything belongs to this tenant.</summary>
    public const string DefaultTenant = "default";

    /// <summary>Nobody's tenant, of what belongs to the whole installation. No tenant can be named so.</summary>
    public const string SystemTenant = "$system";

    public override string ToString() => $"{Tenant}/{Name}";

    /// <exception cref="FormatException">The key has no tenant or no name.</exception>
    public static GrainKey Parse(string key)
    {
        var slash = key.IndexOf('/', StringComparison.Ordinal);
        return slash > 0 && slash < key.Length - 1
            ? new GrainKey(key[..slash], key[(slash + 1)..])
            : throw new FormatException("A grain key is {tenant}/{name}.");
    }
}
