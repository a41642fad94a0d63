using Microsoft.Extensions.Logging.Abstractions;

namespace OrleansIoT.History.Tests;

public sealed class DataDirectoryTests : IDisposable
{
    private readonly string _path = TestStore.NewDirectory();

    public void Dispose()
    {
        if (Directory.Exists(_path))
        {
            Directory.Delete(_path, recursive: true);
        }
    }

    [Fact]
    public void It_is_created_for_its_owner_alone_with_its_parents()
    {
        var deep = Path.Combine(_path, "a", "b");

        using var directory = Open(deep);
        directory.CreateFile("secret");

        Assert.Equal(deep, directory.Path);
        if (!OperatingSystem.IsWindows())
        {
            const UnixFileMode ReadWrite = UnixFileMode.UserRead | UnixFileMode.UserWrite;
            Assert.Equal(ReadWrite | UnixFileMode.UserExecute, File.GetUnixFileMode(deep));
            Assert.Equal(ReadWrite, File.GetUnixFileMode(directory.PathOf("secret")));
        }
    }

    [Fact]
    public void A_second_holder_is_refused_in_one_line_that_names_the_first()
    {
        using var first = Open(_path);

        var refused = Assert.Throws<DataDirectoryException>(() => Open(_path));

        Assert.Equal(
            $"The data directory {_path} is already in use by another process (pid {Environment.ProcessId}).",
            refused.Message);
    }

    [Fact]
    public void When_the_holder_has_gone_the_next_may_have_it()
    {
        Open(_path).Dispose();

        Open(_path).Dispose();
    }

    [Fact]
    public void A_place_that_cannot_be_written_to_is_refused_in_one_line()
    {
        Directory.CreateDirectory(_path);
        var file = Path.Combine(_path, "file");
        File.WriteAllText(file, "");
        var below = Path.Combine(file, "data");

        var refused = Assert.Throws<DataDirectoryException>(() => Open(below));

        Assert.StartsWith($"The data directory {below} cannot be written to: ", refused.Message, StringComparison.Ordinal);
        Assert.DoesNotContain('\n', refused.Message);
    }

    [Fact]
    public async Task The_store_refuses_a_directory_that_is_in_use()
    {
        await using var store = new TestStore();

        Assert.Throws<DataDirectoryException>(() => new TestStore(directory: store.Directory));
    }

    [Fact]
    public async Task The_database_is_readable_by_its_owner_alone()
    {
        await using var store = new TestStore();
        await store.History.Append("default/t", 1, Telemetry.Readings.Some("default/t", 1));

        if (!OperatingSystem.IsWindows())
        {
            foreach (var file in Directory.GetFiles(store.Directory, "iot.db*"))
            {
                Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(file));
            }
        }
    }

    private static DataDirectory Open(string path) => DataDirectory.Open(path, NullLogger<DataDirectory>.Instance);
}
