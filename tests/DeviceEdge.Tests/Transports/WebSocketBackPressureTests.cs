using System.Net.WebSockets;
using Microsoft.AspNetCore.Http;
using OrleansIoT.DeviceEdge.Transports;

namespace OrleansIoT.DeviceEdge.Tests.Transports;

public sealed class WebSocketBackPressureTests
{
    private const int Bound = 96 * 1024; // a pipe's 64 KiB and the piece that made it full

    [Fact]
    public async Task A_session_that_does_not_read_is_not_sent_more_than_a_pipe_holds()
    {
        var client = new Client();
        await using var running = new Running(client);

        Assert.InRange(client.Sent, 64 * 1024, Bound);

        var read = await running.Connection.Transport.Input.ReadAsync();
        running.Connection.Transport.Input.AdvanceTo(read.Buffer.End);
        await Fixtures.Eventually.Is(() => client.Sent > Bound);
        Assert.InRange(client.Sent, Bound, 2 * Bound);
    }

    [Fact]
    public async Task A_client_that_does_not_read_stops_the_session_that_writes()
    {
        await using var running = new Running(new Client());
        var written = 0;
        while (running.Connection.Transport.Output.WriteAsync(new byte[1024]).AsTask().IsCompleted)
        {
            written += 1024;
        }

        Assert.InRange(written, 32 * 1024, Bound);
    }

    /// <summary>A session that does nothing by itself, until the test is over.</summary>
    private sealed class Running : IAsyncDisposable
    {
        private readonly TaskCompletionSource _end = new(TaskCreationOptions.RunContinuationsAsynchronously);
        private readonly Task _run;

        public Running(Client client)
        {
            Connection = new WebSocketConnection(
                new DefaultHttpContext(), WebSocket.CreateFromStream(client, new WebSocketCreationOptions { IsServer = true }));
            _run = Connection.Run(_ => _end.Task, TimeSpan.FromMilliseconds(1), TimeProvider.System);
        }

        public WebSocketConnection Connection { get; }

        public async ValueTask DisposeAsync()
        {
            _end.SetResult();
            await _run;
        }
    }

    /// <summary>Always has another frame, at once, and never takes one.</summary>
    private sealed class Client : Stream
    {
        // Binary, final, masked with zeros (RFC 6455 section 5.2), 1,000 bytes.
        private static readonly byte[] Frame = [0x82, 0xfe, 0x03, 0xe8, 0, 0, 0, 0, .. new byte[1000]];

        private readonly TaskCompletionSource _never = new();
        private long _sent;

        public long Sent => Volatile.Read(ref _sent);

        public override bool CanRead => true;

        public override bool CanWrite => true;

        public override bool CanSeek => false;

        public override long Length => throw new NotSupportedException();

        public override long Position
        {
            get => throw new NotSupportedException();
            set => throw new NotSupportedException();
        }

        public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
        {
            for (var i = 0; i < buffer.Length; i++)
            {
                buffer.Span[i] = Frame[_sent++ % Frame.Length];
            }

            return ValueTask.FromResult(buffer.Length);
        }

        public override ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default) =>
            new(_never.Task.WaitAsync(cancellationToken));

        public override Task FlushAsync(CancellationToken cancellationToken) => Task.CompletedTask;

        public override void Flush()
        {
        }

        public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();

        public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();

        public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

        public override void SetLength(long value) => throw new NotSupportedException();

        protected override void Dispose(bool disposing)
        {
            _never.TrySetException(new IOException("The stream is closed."));
            base.Dispose(disposing);
        }
    }
}
