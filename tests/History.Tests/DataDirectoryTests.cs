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

        Assert.StartsWith(
            $"OrleansIoT runs here already (pid {Environment.ProcessId}): the data directory {_path} is in use by another process. ",
            refused.Message,
            StringComparison.Ordinal);
        Assert.DoesNotContain('\n', refused.Message);
        Assert.Equal(refused.Message, Assert.Throws<DataDirectoryException>(() => DataDirectory.CheckFree(_path)).Message);
    }

    [Fact]
    public void To_ask_whether_it_is_free_creates_nothing()
    {
        DataDirectory.CheckFree(_path);

        Assert.False(Directory.Exists(_path));
    }

    [Fact]
    public void When_the_holder_has_gone_the_next_may_have_it()
    {
        Open(_path).Dispose();
        DataDirectory.CheckFree(_path);

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

    [Fact]
    public async Task A_directory_on_a_file_system_in_memory_is_warned_about_and_one_on_a_disk_is_not()
    {
        const string InMemory = "in memory";
        await using var store = new TestStore();
        Assert.Empty(store.Log);

        if (Directory.Exists("/dev/shm"))
        {
            var path = Path.Combine("/dev/shm", Guid.NewGuid().ToString("N"));
            await using (var inMemory = new TestStore(directory: path))
            {
                Assert.Contains(InMemory, Assert.Single(inMemory.Log), StringComparison.Ordinal);
            }

            Directory.Delete(path, recursive: true);
        }
    }

    private static DataDirectory Open(string path) => DataDirectory.Open(path, NullLogger<DataDirectory>.Instance);
}
