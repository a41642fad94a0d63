using System.Collections.Concurrent;

namespace OrleansIoT.Engine.Tests.Grains;

/// <summary>
/// What a test and its grains share, found by the grain's key: the silos of a test run in the test's process. The test
/// opens gates and reads the record; the grains wait and write.
/// </summary>
public sealed class Scene
{
    private static readonly ConcurrentDictionary<string, Scene> All = new();

    private readonly ConcurrentDictionary<string, TaskCompletionSource> _events = new();
    private readonly ConcurrentQueue<string> _record = new();

    public static string NewKey() => "scene-" + Guid.NewGuid().ToString("N");

    /// <param name="key">The scene's key, or one that begins with it and goes on with a slash.</param>
    public static Scene Of(string key) => All.GetOrAdd(key.Split('/')[0], _ => new Scene());

    public IReadOnlyList<string> Record => [.. _record];

    public void Write(string line) => _record.Enqueue(line);

    /// <summary>What waits for this, and whatever will, goes on.</summary>
    public void Signal(string name) => Event(name).TrySetResult();

    /// <summary>Bounded, so that a test which is wrong fails instead of hanging.</summary>
    public Task For(string name) => Event(name).Task.WaitAsync(TimeSpan.FromSeconds(60));

    public bool Has(string name) => Event(name).Task.IsCompleted;

    private TaskCompletionSource Event(string name) =>
        _events.GetOrAdd(name, _ => new(TaskCreationOptions.RunContinuationsAsynchronously));
}
