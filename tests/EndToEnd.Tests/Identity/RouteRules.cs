namespace OrleansIoT.EndToEnd.Tests.Identity;

/// <summary>The least that somebody has to be for a route.</summary>
internal enum Least
{
    /// <summary>Nobody has to be known.</summary>
    Nobody,

    /// <summary>Anybody who is signed in, whatever the role.</summary>
    Anybody,

    /// <summary>A signed-in user, for what is its own.</summary>
    Self,

    Viewer,

    Operator,

    /// <summary>An administrator of the tenant.</summary>
    Admin,

    /// <summary>An administrator of the installation's own tenant.</summary>
    Installation,
}

/// <summary>Who may use which route, by the name that the OpenAPI document gives it. A route that is not here fails the test.</summary>
internal static class RouteRules
{
    public static readonly IReadOnlyDictionary<string, Least> Of = new Dictionary<string, Least>
    {
        ["Start"] = Least.Nobody,
        ["Live"] = Least.Nobody,
        ["Ready"] = Least.Nobody,
        ["Register"] = Least.Nobody,
        ["Login"] = Least.Nobody,
        ["Refresh"] = Least.Nobody,
        ["IssueServiceToken"] = Least.Nobody,
        ["Keys"] = Least.Nobody,
        ["Discover"] = Least.Nobody,
        ["Me"] = Least.Anybody,
        ["GetStatus"] = Least.Anybody,
        ["Logout"] = Least.Self,
        ["ChangePassword"] = Least.Self,
        ["ListSessions"] = Least.Self,
        ["EndOtherSessions"] = Least.Self,
        ["EndSession"] = Least.Self,
        ["IssuePersonalToken"] = Least.Self,
        ["ListPersonalTokens"] = Least.Self,
        ["RemovePersonalToken"] = Least.Self,
        ["ListTopics"] = Least.Viewer,
        ["GetTopic"] = Least.Viewer,
        ["GetLatest"] = Least.Viewer,
        ["GetRange"] = Least.Viewer,
        ["StreamTopic"] = Least.Viewer,
        ["StreamTopics"] = Least.Viewer,
        ["ListDevices"] = Least.Viewer,
        ["GetDevice"] = Least.Viewer,
        ["GetFleet"] = Least.Viewer,
        ["RegisterDevice"] = Least.Operator,
        ["ChangeDevice"] = Least.Operator,
        ["RemoveDevice"] = Least.Operator,
        ["RenewDeviceKey"] = Least.Operator,
        ["IssueDeviceToken"] = Least.Operator,
        ["ListUsers"] = Least.Admin,
        ["CreateUser"] = Least.Admin,
        ["GetUser"] = Least.Admin,
        ["ChangeUser"] = Least.Admin,
        ["RemoveUser"] = Least.Admin,
        ["ResetPassword"] = Least.Admin,
        ["ListUserSessions"] = Least.Admin,
        ["EndUserSessions"] = Least.Admin,
        ["CreateServiceAccount"] = Least.Admin,
        ["ListServiceAccounts"] = Least.Admin,
        ["GetServiceAccount"] = Least.Admin,
        ["ChangeServiceAccount"] = Least.Admin,
        ["RemoveServiceAccount"] = Least.Admin,
        ["RenewServiceAccountSecret"] = Least.Admin,
        ["GetTenant"] = Least.Admin,
        ["ListTenants"] = Least.Admin,
        ["ListAudit"] = Least.Admin,
        ["CreateTenant"] = Least.Installation,
        ["ChangeTenant"] = Least.Installation,
    };
}
