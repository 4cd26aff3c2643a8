using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.InteropServices.Marshalling;
using Drover.Text;

namespace Drover.Linux.Syscalls;

/// <summary>Passes strings to the C library as their bytes (<see cref="ByteText"/>), with a NUL.</summary>
[CustomMarshaller(typeof(string), MarshalMode.ManagedToUnmanagedIn, typeof(In))]
static unsafe class CText
{
    internal ref struct In
    {
        byte* _text, _allocated;

        internal static int BufferSize => 256;

        /// <param name="managed">Null becomes a null pointer.</param>
        /// <param name="buffer">On the stack.</param>
        internal void FromManaged(string? managed, Span<byte> buffer)
        {
            if (managed is null)
                return;
            var room = (managed.Length * ByteText.MaxBytesPerChar) + 1;
            if (room > buffer.Length)
            {
                _allocated = (byte*)NativeMemory.Alloc((nuint)room);
                buffer = new Span<byte>(_allocated, room);
            }
            buffer[ByteText.Write(managed, buffer)] = 0;
            _text = (byte*)Unsafe.AsPointer(ref MemoryMarshal.GetReference(buffer));
        }

        internal readonly byte* ToUnmanaged() => _text;

        internal readonly void Free() => NativeMemory.Free(_allocated);
    }
}
