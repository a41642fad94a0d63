using System.Collections.Immutable;
using OrleansIoT.Failures;
using OrleansIoT.Identity;

namespace OrleansIoT.Gateway.Identity;

/// <summary>Roles and grants as bodies have them. Nullability of elements is not the reader's to check, so it is ours.</summary>
internal static class RightsFields
{
    /// <exception cref="FailureException">Invalid: one of them is no role.</exception>
    public static Roles RolesOf(IReadOnlyList<string?> names, string field = "roles") => names.Aggregate(Roles.None, (roles, name) =>
        RoleNames.Parse(name) is not Roles.None and var role
            ? roles | role
            : throw new FailureException(Failure.Invalid, $"'{field}' is a list of: viewer, operator, admin."));

    /// <exception cref="FailureException">Invalid: one of them is null.</exception>
    public static ImmutableArray<string> GrantsOf(IReadOnlyList<string?>? grants) => grants switch
    {
        null => [],
        _ when grants.Contains(null) => throw new FailureException(Failure.Invalid, "'grants' is a list of topic filters, none of them null."),
        _ => [.. grants.OfType<string>()],
    };
}
