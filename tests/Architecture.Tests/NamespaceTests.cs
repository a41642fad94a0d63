namespace OrleansIoT.Architecture.Tests;

public sealed class NamespaceTests
{
    private static readonly string[] Rooms = ["Devices", "Topics", "Telemetry", "Identity", "Failures"];

    /// <summary>Rooms that only one project has something to say about.</summary>
    private static readonly Dictionary<string, string[]> OwnRooms = new()
    {
        ["Certificates"] = ["Pki"],
        ["DeviceEdge"] = ["Mqtt", "Mqtt/Packets", "Sessions", "Transports"],
        ["Gateway"] = ["Audit", "Dashboard", "Live", "Status", "Throttling", "Transports"],
        ["Grains"] = ["Sessions", "Status"],
        ["Grains.Abstractions"] = ["Sessions", "Status"],
        ["History"] = ["Chunks", "Numbers", "Postgres", "Sqlite", "Sqlite/Backups", "Sqlite/Chunks", "Sqlite/Log"],
        ["Silo"] = ["Cluster", "Cluster/Embedded", "Cluster/Orleans", "Demo", "Status", "Trust"],
        ["EmbeddedSilo"] = ["Orleans", "Engine"],
    };

    [Fact]
    public void A_folder_is_one_of_the_five_rooms_or_named_here()
    {
        foreach (var file in Checkout.Files("src", "*.cs"))
        {
            var parts = Path.GetRelativePath(Path.Combine(Checkout.Root, "src"), file).Split('/');
            var room = string.Join('/', parts[1..^1]);
            Assert.True(
                room.Length == 0 || Rooms.Contains(room) || OwnRooms.GetValueOrDefault(parts[0], []).Contains(room),
                $"{room} is no room of {parts[0]}.");
        }
    }

    [Fact]
    public void A_namespace_is_the_project_and_the_room()
    {
        foreach (var file in Checkout.Files("src", "*.cs").Where(file => !file.Contains("/EmbeddedSilo", StringComparison.Ordinal)))
        {
            var parts = Path.GetRelativePath(Path.Combine(Checkout.Root, "src"), file).Split('/');
            var expected = string.Join('.', ["OrleansIoT", .. parts[0] == "Grains.Abstractions" ? [] : new[] { parts[0] }, .. parts[1..^1]]);
            var line = File.ReadLines(file).FirstOrDefault(line => line.StartsWith("namespace ", StringComparison.Ordinal));
            Assert.True(line is null || line == $"namespace {expected};", $"{file}: {line}, expected {expected}");
        }
    }

    [Fact]
    public void No_type_is_called_after_what_nobody_can_imagine()
    {
        string[] endings = ["Manager", "Helper", "Helpers", "Util", "Utils", "Common"];
        foreach (var type in Checkout.Assemblies.SelectMany(assembly => assembly.GetTypes()).Where(type => type.IsPublic))
        {
            Assert.DoesNotContain(endings, ending => type.Name.EndsWith(ending, StringComparison.Ordinal));
        }
    }
}
