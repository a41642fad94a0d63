using OrleansIoT.Identity;

namespace OrleansIoT.Gateway.Identity;

/// <summary>The names of the roles that people have. <see cref="Roles.SignIn"/> and <see cref="Roles.System"/> have none, so no token can carry them.</summary>
internal static class RoleNames
{
    private static readonly (string Name, Roles Role)[] Pairs =
        [("viewer", Roles.Viewer), ("operator", Roles.Operator), ("admin", Roles.Admin)];

    public static IReadOnlyList<string> All { get; } = [.. Pairs.Select(pair => pair.Name)];

    public static string[] Of(Roles roles) =>
        [.. Pairs.Where(role => roles.HasFlag(role.Role)).Select(role => role.Name)];

    /// <returns>The role, or <see cref="Roles.None"/> for a name that is none.</returns>
    public static Roles Parse(string? name) => Pairs.FirstOrDefault(role => role.Name == name).Role;
}
