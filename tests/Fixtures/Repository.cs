namespace OrleansIoT.Fixtures;

/// <summary>The checkout that these tests were built from.</summary>
public static class Repository
{
    public static string Root { get; } = FindRoot(new DirectoryInfo(AppContext.BaseDirectory));

    private static string FindRoot(DirectoryInfo? directory) =>
        directory is null ? throw new DirectoryNotFoundException("No OrleansIoT.sln above the tests.")
        : File.Exists(Path.Combine(directory.FullName, "OrleansIoT.sln")) ? directory.FullName
        : FindRoot(directory.Parent);
}
