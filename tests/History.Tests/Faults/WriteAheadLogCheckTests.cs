using System.Buffers.Binary;
using OrleansIoT.History.Sqlite;
using static OrleansIoT.History.Tests.Telemetry.Readings;

namespace OrleansIoT.History.Tests.Faults;

/// <summary>SQLite's recovery takes a log up to its first damaged frame and says nothing; what that costs is said here.</summary>
public sealed class WriteAheadLogCheckTests
{
    private const string Topic = "default/devices/meter-7/power";
    private const int Header = 32;
    private const int Frame = 24 + 4_096;

    [Fact]
    public async Task An_intact_log_is_nothing_to_speak_of()
    {
        Assert.Null(Check(await Log()));
        Assert.Null(Check([]));
        Assert.Null(Check((await Log())[..Header]));
    }

    [Fact]
    public async Task A_bit_that_flipped_in_the_middle_is_found_with_its_frame_and_the_commits_behind_it()
    {
        var log = await Log();
        var frames = (log.Length - Header) / Frame;
        Assert.InRange(frames, 10, int.MaxValue);
        int[] places = [0, 5, 8, 13, 17, 21, 24, 2_000, Frame - 1]; // page, commit, salts, checksums, content
        foreach (var place in places)
        {
            foreach (var frame in new[] { 1, frames / 2, frames - 1 })
            {
                var damaged = (byte[])log.Clone();
                damaged[Header + ((frame - 1) * Frame) + place] ^= 4;
                Assert.Equal(new WriteAheadLogGap(frame, Commits(log, behind: frame)), Check(damaged));
            }
        }
    }

    [Fact]
    public async Task A_damaged_header_costs_all_commits_and_is_found()
    {
        var log = await Log();
        for (var place = 0; place < Header; place++)
        {
            var damaged = (byte[])log.Clone();
            damaged[place] ^= 64;
            Assert.Equal(new WriteAheadLogGap(0, Commits(log, behind: 0)), Check(damaged));
        }
    }

    [Fact]
    public async Task A_torn_last_commit_is_the_usual_end()
    {
        var log = await Log();
        Assert.Null(Check(log[..^1]));
        Assert.Null(Check(log[..^Frame]));
        Assert.Null(Check([.. log[..^2_000], .. new byte[2_000]]));
    }

    [Fact]
    public async Task Frames_of_an_earlier_log_and_garbage_are_nothing()
    {
        var log = await Log();
        var earlier = (byte[])log.Clone();
        for (var at = Header; at < earlier.Length; at += Frame)
        {
            earlier[at + 8]--;
        }

        Assert.Null(Check([.. log, .. earlier[Header..]]));
        var garbage = new byte[5 * Frame];
        new Random(4711).NextBytes(garbage);
        Assert.Null(Check([.. log, .. garbage]));
        Assert.Null(Check([.. log, .. new byte[5 * Frame]]));
    }

    [Fact]
    public async Task The_start_says_what_is_lost_and_what_it_says_is_right()
    {
        await using var killed = await Store();
        var copy = killed.CopyFiles();
        var file = Path.Combine(copy, "iot.db-wal");
        var log = await File.ReadAllBytesAsync(file);
        var frames = (log.Length - Header) / Frame;
        log[Header + (frames / 2 * Frame) + 2_000] ^= 1;
        await File.WriteAllBytesAsync(file, log);

        await using (var store = new TestStore(directory: copy))
        {
            Assert.Contains(store.Log, line =>
                line.StartsWith("Warning", StringComparison.Ordinal)
                && line.Contains($"from frame {(frames / 2) + 1} on", StringComparison.Ordinal)
                && line.Contains("cannot be recovered", StringComparison.Ordinal));
            Assert.InRange((await store.History.ReadAll(Topic)).Count, 0, 19);
        }

        Directory.Delete(copy, recursive: true);
    }

    [Fact]
    public async Task The_start_after_a_kill_says_nothing_of_it()
    {
        await using var killed = await Store();
        var copy = killed.CopyFiles();
        await using (var store = new TestStore(directory: copy))
        {
            Assert.DoesNotContain(store.Log, line => line.Contains("cannot be recovered", StringComparison.Ordinal));
            Assert.Equal(20, (await store.History.ReadAll(Topic)).Count);
        }

        Directory.Delete(copy, recursive: true);
    }

    private static WriteAheadLogGap? Check(byte[] log) => WriteAheadLogCheck.Run(new MemoryStream(log));

    private static long Commits(byte[] log, int behind) => Enumerable.Range(behind, ((log.Length - Header) / Frame) - behind)
        .LongCount(frame => BinaryPrimitives.ReadUInt32BigEndian(log.AsSpan(Header + (frame * Frame) + 4)) != 0);

    private static async Task<byte[]> Log()
    {
        await using var store = await Store();
        var copy = store.CopyFiles();
        var log = await File.ReadAllBytesAsync(Path.Combine(copy, "iot.db-wal"));
        Directory.Delete(copy, recursive: true);
        return log;
    }

    /// <summary>With twenty commits, which are in the log of SQLite.</summary>
    private static async Task<TestStore> Store()
    {
        var store = new TestStore();
        for (var i = 0; i < 20; i++)
        {
            await store.History.Append(Topic, i + 1, [Reading(Topic, $"{i}", Noon.AddSeconds(i))]);
        }

        return store;
    }
}
