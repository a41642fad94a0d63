using OrleansIoT.Identity;

namespace OrleansIoT.Gateway.Identity;

/// <summary>The names of the roles that people have. <see cref="Roles.SignIn"/> and <see cref="Roles.System"/> have none, so no token can carry them.</summary>
internal static class RoleNames
{
    private static readonly (string Name, Roles Role)[] All =
        [("viewer", Roles.Viewer), ("operator", Roles.Operator), ("admin", Roles.Admin)];

    public static string[] Of(Roles roles) =>
        [.. All.Where(role => roles.HasFlag(role.Role)).Select(role => role.Name)];

    /// <returns>The role, or <see cref="Roles.None"/> for a name that is none.</returns>
    public static Roles Parse(string? name) => All.FirstOrDefault(role => role.Name == name).Role;
}
