//! A connection's bytes: those of its socket, until the listener has it end.

use std::io;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll};

use actix_web::rt::net::TcpStream;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use super::connections::Connection;

/// See the module.
pub struct Stream {
    socket: TcpStream,
    /// None on the process's listener for itself, which has room for all.
    connection: Option<Rc<Connection>>,
}

impl Stream {
    /// The bytes of `socket`.
    pub fn new(socket: TcpStream, connection: Option<Rc<Connection>>) -> Self {
        Self { socket, connection }
    }

    /// Whose bytes these are.
    pub fn connection(&self) -> Option<&Rc<Connection>> {
        self.connection.as_ref()
    }

    /// Whether the listener has it end. If not, who asks is woken when it does.
    fn is_closed(&self, context: &Context<'_>) -> bool {
        self.connection.as_ref().is_some_and(|connection| {
            connection.wakes(context);
            connection.is_closed()
        })
    }

    fn is_active(&self) {
        if let Some(connection) = &self.connection {
            connection.is_active();
        }
    }
}

impl Drop for Stream {
    fn drop(&mut self) {
        if let Some(connection) = &self.connection {
            connection.has_ended();
        }
    }
}

impl AsyncRead for Stream {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        if self.is_closed(context) {
            // As if the other side had.
            return Poll::Ready(Ok(()));
        }
        let before = buffer.filled().len();
        let read = Pin::new(&mut self.socket).poll_read(context, buffer);
        if buffer.filled().len() > before {
            self.is_active();
        }
        read
    }
}

impl AsyncWrite for Stream {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        if self.is_closed(context) {
            return Poll::Ready(Err(io::ErrorKind::ConnectionAborted.into()));
        }
        let written = Pin::new(&mut self.socket).poll_write(context, bytes);
        if matches!(written, Poll::Ready(Ok(_))) {
            self.is_active();
        }
        written
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.socket).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.socket).poll_shutdown(context)
    }
}
