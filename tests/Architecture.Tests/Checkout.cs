using System.Reflection;

namespace OrleansIoT.Architecture.Tests;

/// <summary>The checkout that these tests were built from, and the assemblies that were built from it.</summary>
internal static class Checkout
{
    public static string Root { get; } = FindRoot(new DirectoryInfo(AppContext.BaseDirectory));

    public static IReadOnlyList<Assembly> Assemblies { get; } =
    [
        typeof(Devices.IDeviceGrain).Assembly, typeof(Grains.GrainsSetup).Assembly, typeof(History.ITelemetryHistory).Assembly,
        typeof(DeviceEdge.DeviceEdgeSetup).Assembly, typeof(Gateway.GatewaySetup).Assembly, typeof(Silo.SiloHost).Assembly,
    ];

    public static IEnumerable<string> Files(string folder, string pattern) => Directory
        .EnumerateFiles(Path.Combine(Root, folder), pattern, SearchOption.AllDirectories)
        .Where(file => !file.Contains("/node_modules/", StringComparison.Ordinal));

    public static string Read(string file) => File.ReadAllText(Path.Combine(Root, file));

    private static string FindRoot(DirectoryInfo? directory) =>
        directory is null ? throw new DirectoryNotFoundException("No OrleansIoT.sln above the tests.")
        : File.Exists(Path.Combine(directory.FullName, "OrleansIoT.sln")) ? directory.FullName
        : FindRoot(directory.Parent);
}
