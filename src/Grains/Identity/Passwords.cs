using Microsoft.AspNetCore.Identity;
using Microsoft.Extensions.Options;
using OrleansIoT.Failures;

namespace OrleansIoT.Grains.Identity;

/// <summary>
/// Password hashes by ASP.NET Core Identity (PBKDF2, HMAC-SHA-512, 128-bit salt) with the iteration count that OWASP's
/// Password Storage Cheat Sheet asks for. A hash takes a good tenth of a second of a core, on purpose; so at most half of
/// the cores work on them at a time, and devices do not wait behind people who sign in; and beyond a few seconds of work
/// nobody gets in line, because those who would come to their turn have given up by then.
/// </summary>
public sealed class Passwords : IDisposable
{
    /// <summary>OWASP's count for PBKDF2 with HMAC-SHA-512.</summary>
    public const int Iterations = 210_000;

    /// <summary>How many wait for a core at most, per core that works on hashes.</summary>
    public const int WaitingPerCore = 50;

    private static readonly int Cores = Math.Max(1, Environment.ProcessorCount / 2);

    private readonly PasswordHasher<object> _hasher =
        new(Options.Create(new PasswordHasherOptions { IterationCount = Iterations }));

    private readonly SemaphoreSlim _cores = new(Cores);
    private readonly object _nobody = new();
    private readonly Lazy<string> _hashOfNobody;
    private int _inLine;

    public Passwords() => _hashOfNobody = new(() => _hasher.HashPassword(_nobody, Guid.NewGuid().ToString()));

    public Task<string> Hash(string password) => OnACore(() => _hasher.HashPassword(_nobody, password));

    /// <param name="hash">The stored hash, or null when there is no such user, which takes the same time.</param>
    /// <param name="password">What was typed.</param>
    public Task<bool> Verify(string? hash, string password) => OnACore(() =>
    {
        var result = _hasher.VerifyHashedPassword(_nobody, hash ?? _hashOfNobody.Value, password);
        return hash is not null && result != PasswordVerificationResult.Failed;
    });

    public void Dispose() => _cores.Dispose();

    private async Task<T> OnACore<T>(Func<T> work)
    {
        if (Interlocked.Increment(ref _inLine) > Cores * (1 + WaitingPerCore))
        {
            Interlocked.Decrement(ref _inLine);
            throw new FailureException(Failure.TooMany, "Too many sign in or register at once. Try again in some seconds.");
        }

        await _cores.WaitAsync();
        try
        {
            return await Task.Run(work);
        }
        finally
        {
            _cores.Release();
            Interlocked.Decrement(ref _inLine);
        }
    }
}
