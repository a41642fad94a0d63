using OrleansIoT.Identity;

namespace OrleansIoT.Grains.Sessions;

/// <summary>
/// A session's name within its tenant, <c>{publisher}/{client id}</c>. A publisher is a device's id, which has no slash,
/// or <c>users/{id}</c>, which has one; a client identifier may have any number of them.
/// </summary>
internal readonly record struct SessionName(string Publisher, string ClientId)
{
    private const string Users = "users/";

    /// <exception cref="FormatException">It is no session's name.</exception>
    public static SessionName Parse(string name)
    {
        var slash = name.IndexOf('/', name.StartsWith(Users, StringComparison.Ordinal) ? Users.Length : 0);
        return slash > 0
            ? new SessionName(name[..slash], name[(slash + 1)..])
            : throw new FormatException("A session's name is {publisher}/{client id}.");
    }

    /// <param name="key">A session's key in the store.</param>
    public static (string Tenant, SessionName Name) ParseKey(string key)
    {
        var (tenant, name) = GrainKey.Parse(key);
        return (tenant, Parse(name));
    }

    public override string ToString() => $"{Publisher}/{ClientId}";
}
