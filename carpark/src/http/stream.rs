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

#[cfg(test)]
mod tests {
    use std::net::IpAddr;
    use std::time::Duration;

    use actix_web::rt::net::TcpListener;
    use tokio::io::{AsyncReadExt, AsyncWriteExt};

    use super::*;
    use crate::http::connections::{Connections, connections};

    const ONE: IpAddr = IpAddr::V4(std::net::Ipv4Addr::new(192, 0, 2, 1));

    /// The listener's side of a connection that `all` has admitted, and the other one's.
    async fn pair(all: &Rc<Connections>) -> (Stream, TcpStream) {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let other = TcpStream::connect(listener.local_addr().unwrap()).await.unwrap();
        let (socket, _) = listener.accept().await.unwrap();
        (Stream::new(socket, Some(all.admit(ONE).unwrap())), other)
    }

    #[actix_web::test]
    async fn one_that_is_made_to_end_is_woken_reads_its_end_and_writes_no_more() {
        let all = connections(1, 1);
        let (mut stream, _other) = pair(&all).await;
        let mut bytes = [0; 8];
        let reading =
            async { tokio::time::timeout(Duration::from_secs(10), stream.read(&mut bytes)).await };
        let closing = async {
            tokio::time::sleep(Duration::from_millis(20)).await;
            all.admit(ONE).unwrap()
        };
        let (read, _next) = tokio::join!(reading, closing);
        assert_eq!(read.expect("it is woken").unwrap(), 0);
        let written = stream.write(b"AB12").await;
        assert_eq!(written.unwrap_err().kind(), io::ErrorKind::ConnectionAborted);
    }

    #[actix_web::test]
    async fn the_last_who_waits_for_it_is_woken() {
        let all = connections(1, 1);
        let (mut stream, _other) = pair(&all).await;
        let mut bytes = [0; 8];
        // Another task waited before.
        let before = tokio::time::timeout(Duration::from_millis(5), stream.read(&mut bytes)).await;
        assert!(before.is_err());
        let reading = actix_web::rt::spawn(async move { stream.read(&mut [0; 8]).await.unwrap() });
        tokio::time::sleep(Duration::from_millis(20)).await;
        let _next = all.admit(ONE).unwrap();
        let read = tokio::time::timeout(Duration::from_secs(10), reading).await;
        assert_eq!(read.expect("it is woken").unwrap(), 0);
    }

    #[actix_web::test]
    async fn who_reads_or_writes_is_not_idle() {
        for writes in [false, true] {
            let all = connections(2, 2);
            let (mut first, mut other) = pair(&all).await;
            let (second, _other) = pair(&all).await;
            if writes {
                assert_eq!(first.write(b"AB12").await.unwrap(), 4);
            } else {
                other.write_all(b"AB12").await.unwrap();
                assert_eq!(first.read(&mut [0; 8]).await.unwrap(), 4);
            }
            let _third = all.admit(ONE).unwrap();
            let is_closed = |stream: &Stream| stream.connection().unwrap().is_closed();
            assert!(!is_closed(&first) && is_closed(&second), "writes: {writes}");
        }
    }

    #[actix_web::test]
    async fn one_that_is_gone_makes_room() {
        let all = connections(1, 1);
        let (stream, _other) = pair(&all).await;
        let _work = stream.connection().unwrap().begin(true);
        assert!(all.admit(ONE).is_none());
        drop(stream);
        assert!(all.admit(ONE).is_some());
    }
}
