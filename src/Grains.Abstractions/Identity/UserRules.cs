using System.Diagnostics.CodeAnalysis;

namespace OrleansIoT.Identity;

public static class UserRules { public static bool IsValid(string email, string username, string password, [NotNullWhen(false)] out string? why) { why = null; return true; } }
