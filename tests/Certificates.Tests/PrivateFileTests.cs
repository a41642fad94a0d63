namespace OrleansIoT.Certificates.Tests;

public sealed class PrivateFileTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("private-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public void Of_several_who_make_a_file_at_once_one_wins_and_all_read_the_same()
    {
        const int makers = 6;
        for (var round = 0; round < 100; round++)
        {
            var path = Path.Combine(_folder, $"{round}", "key");
            var read = new string[makers];
            using var start = new Barrier(makers);
            var threads = Enumerable.Range(0, makers).Select(i => new Thread(() =>
            {
                start.SignalAndWait();
                read[i] = PrivateFile.ReadOrCreate(path, () => $"of maker {i}");
            })).ToList();
            threads.ForEach(thread => thread.Start());
            threads.ForEach(thread => thread.Join());

            Assert.Single(read.Distinct());
            Assert.Equal([path], Directory.GetFiles(Path.GetDirectoryName(path)!));
        }
    }
}
