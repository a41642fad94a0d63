using OrleansIoT.History.Sqlite;

namespace OrleansIoT.History.Tests.Faults;

public sealed class OpenFileTests : IDisposable
{
    private readonly string _path = Path.Combine(Directory.CreateDirectory(TestStore.NewDirectory()).FullName, "file");

    public OpenFileTests() => File.WriteAllText(_path, "1");

    [Fact]
    public void A_file_that_is_only_written_is_in_place()
    {
        var file = new OpenFile(_path);
        File.AppendAllText(_path, "2");
        Assert.True(file.IsInPlace);
    }

    [Fact]
    public void A_file_that_is_deleted_moved_or_replaced_is_not()
    {
        using var open = File.OpenRead(_path); // so that its inode is not given away
        var file = new OpenFile(_path);
        File.Move(_path, _path + ".moved");
        Assert.False(file.IsInPlace);
        File.WriteAllText(_path, "1");
        Assert.False(file.IsInPlace);
        File.Move(_path + ".moved", _path, overwrite: true);
        Assert.True(file.IsInPlace);
        File.Delete(_path);
        Assert.False(file.IsInPlace);
    }

    public void Dispose() => Directory.Delete(Path.GetDirectoryName(_path)!, recursive: true);
}
