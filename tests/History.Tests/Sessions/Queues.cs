using OrleansIoT.Sessions;

namespace OrleansIoT.History.Tests.Sessions;

/// <summary>A session's queue and row, as tests look at them.</summary>
internal static class Queues
{
    /// <summary>The whole queue, page by page.</summary>
    public static async Task<List<QueuedMessage>> ReadWhole(this ISessionStore sessions, string session)
    {
        var all = new List<QueuedMessage>();
        while (await sessions.ReadQueue(session, all.LastOrDefault()?.Number ?? 0, 1_000, 1 << 20) is { Count: > 0 } page)
        {
            all.AddRange(page);
        }

        return all;
    }

    /// <summary>The session of that key, or null.</summary>
    public static async Task<StoredSession?> Find(this ISessionStore sessions, string session)
    {
        var publisher = session[..session.LastIndexOf('/')];
        return (await sessions.ReadSessions(publisher)).SingleOrDefault(stored => stored.Key == session);
    }
}
