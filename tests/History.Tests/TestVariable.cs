using System.Globalization;

namespace OrleansIoT.History.Tests;

/// <summary>What lengthens or repeats a test: variables of the environment.</summary>
internal static class TestVariable
{
    public static int Number(string name, int otherwise) =>
        Environment.GetEnvironmentVariable(name) is { Length: > 0 } text ? int.Parse(text, CultureInfo.InvariantCulture) : otherwise;
}
